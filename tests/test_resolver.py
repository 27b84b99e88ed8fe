"""The resolver: for every question of the guideline little notes with dates, and the status that follows from them.

A row is a status and the patient's notes. A note begins with its date, or with ``undated``; without either it is of
2024-03-01, which is also the reference date of most rows.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor import Answer, Extractor, Mention, Note, Screener
from extractor.errors import UsageError
from extractor.mechanisms.base import interval, years_before
from extractor.resolver import screen_of
from extractor.schema import CONFIDENCES, STATUSES
from extractor.screener import in_order, reference_date
from tests.shared import examples, notes_of, wrong

DAY = "2024-03-01"
Row = tuple[str, ...]


class Remembering(Extractor):
    """An extractor that reads each note once, since the properties ask for the same notes again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._read: dict[tuple[object, ...], list[Mention]] = {}

    def signals(self, note: Note) -> list[Mention]:
        """Return what was found in the note when it was first read."""
        key = (note.patient_id, note.note_id, note.text, note.note_date)
        if key not in self._read:
            self._read[key] = super().signals(note)
        return self._read[key]


@pytest.fixture(scope="module")
def screener() -> Screener:
    """The screener of the default trial, which remembers the notes it has read."""
    made = Screener()
    made.extractor = Remembering()
    return made


def notes(*written: str) -> list[Note]:
    """Return a patient's notes as they are written in the rows."""
    made = []
    for number, text in enumerate(written):
        m = re.match(r"(\d{4}-\d\d-\d\d|undated)\s", text)
        date = None if m and m[1] == "undated" else m[1] if m else DAY
        made.append(Note("p", f"n{number}", text[m.end() :] if m else text, date))
    return made


def status(screener: Screener, question: str, *written: str, as_of: str | None = None) -> str:
    """Return the status of a question."""
    return answer(screener, question, *written, as_of=as_of).status


def answer(screener: Screener, question: str, *written: str, as_of: str | None = None) -> Answer:
    """Return the answer to a question."""
    if as_of:
        screener = copy(screener)
        screener.as_of = as_of
    return next(a for a in screener.answers(notes(*written)) if a.question == question)


def but(reason: str, *row: str) -> Any:
    """Return a row that the program gets wrong as yet."""
    return pytest.param(row, marks=wrong(reason))


EBV: list[Any] = [
    ("met", "EBV PCR detected."),
    ("met", "EBV PCR positive."),
    ("met", "EBV PCR 12,400 copies/mL."),
    ("met", "EBV viral load 1.2 x 10^4 IU/mL."),
    ("met", "EBV VCA IgM positive."),
    ("met", "EBER positive in the liver biopsy of 2024-02-27."),
    ("met", "Active EBV infection."),
    ("met", "EBV-HLH diagnosed."),
    but("viraemia alone is read as a test without a result", "met", "EBV viraemia."),
    ("met", "EBV IgG positive. EBV PCR 3,000 copies/mL."),
    ("met", "EBV (+)"),
    ("not_met", "EBV PCR not detected."),
    ("not_met", "EBV PCR negative."),
    ("not_met", "EBV PCR (-)"),
    ("not_met", "EBV PCR <500 copies/mL."),
    ("not_met", "EBV DNA 0 copies/mL."),
    ("not_met", "EBV DNA below detection limit."),
    ("not_met", "EBV, CMV and HSV PCR negative."),
    ("not_met", "EBV VCA IgM negative, EBNA IgG positive."),
    ("not_met", "EBV IgG positive."),
    ("not_met", "EBNA positive."),
    ("not_met", "Infectious mononucleosis in 2005."),
    ("not_met", "History of mono as a teenager."),
    ("not_met", "PMH: EBV infection."),
    ("not_met", "No evidence of EBV infection."),
    ("not_met", "EBV PCR negative in 2015."),
    ("not_met", "Hodgkin lymphoma 2015, EBER positive. EBV PCR negative."),
    ("possible", "EBV PCR detected, below quantification."),
    ("possible", "Low-level EBV viraemia."),
    ("possible", "Possible EBV infection."),
    ("possible", "Rule out EBV."),
    ("possible", "EBV VCA IgM equivocal."),
    ("possible", "EBV VCA IgM positive, EBNA IgG positive."),
    ("not_documented", "EBV PCR pending."),
    ("not_documented", "Will send EBV PCR."),
    ("not_documented", "Mother had infectious mononucleosis."),
    ("not_documented", "CMV PCR positive."),
    ("not_documented", "Mono 8 %, eos 2 %."),
    ("not_documented", "Well."),
    # the latest wins
    ("met", "2024-01-01 EBV PCR negative.", "2024-03-01 EBV PCR positive."),
    ("not_met", "2024-01-01 EBV PCR positive.", "2024-03-01 EBV PCR not detected."),
    ("not_met", "2024-02-29 EBV PCR positive.", "2024-03-01 EBV PCR negative."),
    ("met", "2024-02-29 EBV PCR negative.", "2024-03-01 EBV PCR positive."),
    ("not_met", "EBV PCR positive on 2024-01-05, EBV PCR negative on 2024-02-20."),
    but(
        "the date before a test is taken for the one behind its result",
        "met",
        "EBV PCR negative on 2024-01-05, EBV PCR positive on 2024-02-20.",
    ),
    ("met", "2024-01-01 EBV PCR positive.", "2024-03-01 EBV PCR pending."),
    ("possible", "2024-01-01 EBV PCR positive.", "2024-03-01 EBV PCR detected, below quantification."),
    ("possible", "2024-01-01 EBV PCR negative.", "2024-03-01 Possible EBV infection."),
    ("not_met", "undated EBV PCR positive.", "2024-03-01 EBV PCR negative."),
    (
        "not_met",
        "2024-01-01 EBV PCR of the plasma was positive on admission.",
        "2024-02-01 EBV PCR not detected in the plasma today.",
        "2024-03-01 EBV PCR of the plasma was positive on admission.",  # copied forward
    ),
]

CAR_T: list[Any] = [
    ("met", "Received axi-cel in 2022."),
    ("met", "s/p CAR-T."),
    ("met", "Day +14 after ide-cel."),
    ("met", "Axi-cel infused 2024-02-01."),
    ("met", "s/p Kymriah 2019, relapsed."),
    ("met", "CAR\u2011T given."),
    ("not_met", "Never received CAR-T."),
    ("not_met", "No prior CAR-T."),
    ("not_met", "Denies prior CAR-T therapy."),
    ("not_met", "CAR-T was planned but not given."),
    ("not_met", "CAR-T deferred."),
    ("not_met", "Declined CAR-T."),
    ("not_met", "Prior CAR-T: No"),
    ("not_met", "[ ] Prior CAR-T"),
    ("not_met", "CAR-T naive."),
    ("possible", "Possibly received CAR-T abroad."),
    ("not_documented", "Referred for CAR-T."),
    ("not_documented", "Candidate for CAR-T."),
    ("not_documented", "T cells collected for axi-cel."),
    ("not_documented", "Consented to axi-cel."),
    but("planned behind a product is not read", "not_documented", "CAR-T planned for May."),
    ("not_documented", "Plan: axi-cel in April."),
    ("not_documented", "Discussed CAR-T as an option."),
    ("not_documented", "Seen in the CAR-T clinic."),
    ("not_documented", "Brother received CAR-T."),
    ("not_documented", "Tabelecleucel given."),
    ("not_documented", "Went by car to the clinic."),
    ("not_documented", "Well."),
    ("met", "2024-01-01 Never received CAR-T.", "2024-03-01 Axi-cel infused 2024-02-20."),
    ("met", "2023-01-01 Received axi-cel in 2022.", "2024-03-01 No prior CAR-T."),
    ("not_met", "2024-01-01 Planned for axi-cel.", "2024-03-01 Axi-cel was not given."),
    ("met", "2024-01-01 Planned for axi-cel.", "2024-03-01 Axi-cel was given on 2024-02-10."),
    ("not_met", "2023-01-01 Received axi-cel in 2022.", "2024-03-01 Axi-cel was entered in error."),
]

TCE: list[Any] = [
    ("met", "Started teclistamab 2024-01-05."),
    ("met", "Blinatumomab, two cycles completed in 2021."),
    ("met", "s/p epcoritamab."),
    ("met", "Medications: teclistamab HELD"),
    ("met", "On a BiTE since January."),
    ("not_met", "Never had a bispecific T-cell engager."),
    ("not_met", "Blinatumomab was declined."),
    ("not_met", "Denies blinatumomab or other T-cell engagers."),
    but(
        "the if of unclear if is read as a condition",
        "possible",
        "Unclear if she received blinatumomab, possibly in 2020.",
    ),
    ("not_documented", "Teclistamab considered."),
    ("not_documented", "To start glofitamab in May."),
    ("not_documented", "On emicizumab."),
    ("not_documented", "Amivantamab and faricimab given."),
    ("not_documented", "TCE exposure (trichloroethylene) at work."),
    ("not_documented", "Mother on blinatumomab."),
    ("not_documented", "Well."),
]

ADC: list[Any] = [
    ("met", "Completed 6 cycles of brentuximab vedotin in 2021."),
    ("met", "On T-DXd."),
    ("met", "s/p gemtuzumab ozogamicin."),
    ("met", "Received Kadcyla until 2020."),
    ("not_met", "No prior antibody-drug conjugate."),
    ("not_met", "Enfortumab vedotin declined."),
    ("not_met", "Never received brentuximab vedotin."),
    ("possible", "Possible prior brentuximab vedotin."),
    ("not_documented", "Plan: start enfortumab vedotin."),
    ("not_documented", "On trastuzumab and rituximab."),
    ("not_documented", "MRI: low ADC in the lesion."),
    ("not_documented", "Sister receives polatuzumab vedotin."),
    ("not_documented", "Well."),
]

MALIGNANCY: list[Any] = [
    ("met", "h/o DLBCL 2011."),
    ("met", "PMH: breast cancer."),
    ("met", "Basal cell carcinoma removed in 2019."),
    ("met", "Cervical carcinoma in situ 2015."),
    ("met", "Lymphoma in remission."),
    ("met", "MDS."),
    ("possible", "Possible lymphoma."),
    ("possible", "Concern for lymphoma."),
    ("possible", "Lymphoma unlikely."),
    ("possible", "Lymphoma cannot be excluded."),
    ("not_met", "No evidence of malignancy."),
    ("not_met", "Denies cancer."),
    ("not_met", "Lymphoma was ruled out."),
    ("not_met", "Bone marrow negative for lymphoma."),
    ("not_met", "No cancer in the last 5 years."),
    ("not_met", "2024-01-01 Possible lymphoma.", "2024-03-01 Lymphoma ruled out by biopsy."),
    ("possible", "2024-01-01 Possible lymphoma.", "2024-03-01 Possible lymphoma, biopsy planned."),
    ("met", "2023-01-01 h/o DLBCL 2011.", "2024-03-01 Denies malignancy."),
    ("met", "2023-01-01 No malignancy.", "2024-03-01 DLBCL diagnosed 2024-02-20."),
    ("not_met", "2023-01-01 PMH: lymphoma.", "2024-03-01 Lymphoma was entered in error."),
    ("not_documented", "Father had lymphoma."),
    ("not_documented", "Seen at the cancer centre."),
    ("not_documented", "Cancer screening is up to date."),
    ("not_documented", "MGUS."),
    ("not_documented", "Lung nodule, lipoma of the back, colonic adenoma."),
    ("not_documented", "Treated with a TNF inhibitor."),
    ("not_documented", "Well."),
]

LUNG: list[Any] = [
    ("met", "COPD."),
    ("met", "Asthma, on inhalers."),
    ("met", "ILD on HRCT."),
    ("met", "Resolved childhood asthma."),
    ("met", "Outgrown childhood asthma."),
    ("met", "Mild emphysema on CT."),
    ("met", "Incidental calcified pulmonary granuloma."),
    ("met", "Pulmonary hypertension."),
    ("met", "FVC 79% predicted."),
    ("met", "FVC 80% predicted."),
    ("not_met", "FVC 81% predicted."),
    ("not_met", "FVC 80.1% predicted."),
    ("met", "FVC <80% predicted."),
    ("not_met", "FVC >80% predicted."),
    ("met", "FEV1/FVC 0.69."),
    ("met", "FEV1/FVC 0.70."),
    ("not_met", "FEV1/FVC 0.71."),
    ("met", "FEV1/FVC 70%."),
    ("not_met", "FEV1/FVC 71%."),
    ("not_met", "FEV1/FVC 70.1%."),
    ("met", "FVC 95% predicted, FEV1/FVC 0.65."),
    ("met", "FVC 75% predicted, FEV1/FVC 0.85."),
    ("not_met", "FVC 95% predicted, FEV1/FVC 0.82."),
    ("met", "FVC 95% predicted. COPD."),
    ("possible", "FVC 95% predicted. Possible ILD."),
    ("not_met", "Denies asthma."),
    ("not_met", "No asthma or COPD."),
    ("not_met", "Asthma: No"),
    ("possible", "Concern for ILD."),
    ("possible", "ILD cannot be excluded."),
    ("possible", "?ILD"),
    ("not_met", "2024-01-01 ILD suspected.", "2024-03-01 HRCT: no ILD."),
    ("possible", "2024-01-01 No ILD.", "2024-03-01 ILD suspected."),
    ("possible", "2024-01-01 Possible ILD.", "2024-03-01 Denies asthma."),
    ("met", "2023-01-01 Asthma.", "2024-03-01 Denies asthma."),
    ("met", "2023-01-01 COPD.", "2024-03-01 No ILD."),
    ("not_met", "2023-01-01 COPD.", "2024-03-01 Does not have COPD, taken off the problem list."),
    ("not_met", "2023-01-01 Asthma.", "2024-03-01 Asthma was entered in error."),
    ("not_documented", "Pneumonia, pulmonary embolism, pleural effusion."),
    ("not_documented", "Sleep apnoea."),
    ("not_documented", "Mother with COPD."),
    ("not_documented", "Monitor for pneumonitis."),
    ("not_documented", "FEV1 55% predicted."),
    ("not_documented", "PAP smear normal."),
    ("not_documented", "FVC 2.1 L."),
    ("not_documented", "Well."),
]

STEROIDS: list[Any] = [
    # weight known: 1.5 mg/kg of 60 kg is 90 mg
    ("met", "Prednisone 90 mg daily for 3 days. Weight 60 kg."),
    ("not_met", "Prednisone 89 mg daily for 3 days. Weight 60 kg."),
    ("met", "Prednisone 91 mg daily for 3 days. Weight 60 kg."),
    ("met", "Prednisolone 90 mg daily for 3 days. Weight 60 kg."),
    ("met", "Methylprednisolone 72 mg daily for 3 days. Weight 60 kg."),
    ("not_met", "Methylprednisolone 71 mg daily for 3 days. Weight 60 kg."),
    ("met", "Dexamethasone 13.5 mg daily for 3 days. Weight 60 kg."),
    ("not_met", "Dexamethasone 13.4 mg daily for 3 days. Weight 60 kg."),
    ("met", "Hydrocortisone 360 mg daily for 3 days. Weight 60 kg."),
    ("not_met", "Hydrocortisone 359 mg daily for 3 days. Weight 60 kg."),
    ("met", "Hydrocortisone 100 mg q6h for 3 days. Weight 60 kg."),
    ("met", "Methylprednisolone 40 mg q12h for 3 days. Weight 60 kg."),
    ("met", "Dexamethasone 10 mg BID for 4 days. Weight 60 kg."),
    ("met", "Prednisone 90 mg daily for 3 days. Weight 132 lb."),
    ("not_met", "Prednisone 90 mg daily for 3 days. Weight 134 lb."),
    ("not_met", "2024-01-01 Weight 60 kg.", "2024-03-01 Prednisone 90 mg daily for 3 days. Weight 70 kg."),
    ("met", "2024-01-01 Weight 60 kg.", "2024-03-01 Prednisone 90 mg daily for 3 days."),
    # days
    ("not_met", "Prednisone 90 mg daily for 2 days. Weight 60 kg."),
    ("not_met", "Prednisone 90 mg daily for 1 day. Weight 60 kg."),
    ("possible", "Prednisone 90 mg daily. Weight 60 kg."),
    ("not_met", "A single dose of methylprednisolone 1 g was given."),
    ("not_met", "Methylprednisolone 1 g x1."),
    ("not_met", "Dexamethasone 20 mg once."),
    ("met", "Methylprednisolone 1 g daily 3/1-3/3."),
    ("not_met", "Methylprednisolone 1 g daily 3/1-3/2."),
    ("met", "2024-03-09 Methylprednisolone 1 g daily 2/28-3/1."),
    ("not_met", "2023-03-09 Methylprednisolone 1 g daily 2/28-3/1."),
    ("not_met", "2023-03-09 Methylprednisolone 1 g daily from 2023-02-28 to 2023-03-01."),
    ("met", "2024-03-09 Methylprednisolone 1 g daily from 2024-02-28 to 2024-03-01."),
    ("not_met", "2024-04-09 Methylprednisolone 1 g daily 3/31-4/1."),
    ("met", "Methylprednisolone 1 g daily, day 3."),
    ("met", "Methylprednisolone 1 g daily x3."),
    ("met", "Methylprednisolone 1 g x 3, then taper."),
    ("met", "2024-02-28 MP 80 mg daily. 60 kg.", "2024-02-29 MP 80 mg daily.", "2024-03-01 MP 80 mg daily."),
    ("met", "2024-02-28 MP 80 mg daily. Weight 60 kg.", "2024-03-01 Still on MP 80 mg daily."),
    # per kilogram
    ("met", "Prednisone 1.5 mg/kg/day for 3 days."),
    ("not_met", "Prednisone 1.4 mg/kg/day for 3 days."),
    ("not_met", "Prednisone 1 mg/kg/day for 14 days."),
    ("met", "Methylprednisolone 1.2 mg/kg/day for 3 days."),
    ("not_met", "Methylprednisolone 1.1 mg/kg/day for 3 days."),
    ("met", "Methylprednisolone 2 mg/kg/day divided BID for 5 days."),
    ("met", "Methylprednisolone 1 mg/kg q12h for 5 days."),
    ("met", "Methylprednisolone 30 mg/kg/d for 3 days."),
    ("possible", "Methylprednisolone 2 mg/kg/day."),
    # no weight
    ("met", "Prednisone 240 mg daily for 3 days."),
    ("possible", "Prednisone 239 mg daily for 3 days."),
    ("possible", "Prednisone 61 mg daily for 3 days."),
    ("possible", "Prednisone 60 mg daily for 3 days."),
    ("not_met", "Prednisone 59 mg daily for 3 days."),
    ("met", "Methylprednisolone 192 mg daily for 3 days."),
    ("possible", "Methylprednisolone 191 mg daily for 3 days."),
    ("possible", "Methylprednisolone 48 mg daily for 3 days."),
    ("not_met", "Methylprednisolone 47 mg daily for 3 days."),
    ("met", "Dexamethasone 36 mg daily for 3 days."),
    ("possible", "Dexamethasone 35 mg daily for 3 days."),
    ("possible", "Dexamethasone 9 mg daily for 3 days."),
    ("not_met", "Dexamethasone 8 mg daily for 3 days."),
    ("not_met", "Hydrocortisone 50 mg q6h for 7 days."),
    ("met", "Methylprednisolone 1 g IV daily x 3 days."),
    ("met", "Methylprednisolone 500 mg daily x 3 days."),
    ("not_met", "Prednisone 5 mg daily."),
    ("not_met", "Prednisone 20 mg daily since 2019."),
    # pulses
    ("met", "Pulse steroids given."),
    ("met", "Received pulse methylprednisolone."),
    ("met", "Methylprednisolone 1 g pulse x 3."),
    ("met", "Methylprednisolone 1 g pulse."),
    ("not_met", "Pulse steroids for 2 days."),
    ("not_met", "Pulse methylprednisolone 40 mg daily for 3 days."),
    ("not_documented", "Pulse steroids planned."),
    ("not_documented", "If refractory, pulse steroids."),
    ("not_documented", "Plan: methylprednisolone 1 g daily for 3 days."),
    # body surface
    ("possible", "Dexamethasone 10 mg/m2 daily for 14 days."),
    ("possible", "Dexamethasone 10 mg/m2 daily for 14 days. Weight 60 kg."),
    ("met", "Dexamethasone 10 mg/m2 daily for 14 days. Weight 60 kg, height 165 cm."),
    ("not_met", "Dexamethasone 5 mg/m2 daily for 14 days. Weight 60 kg, height 165 cm."),
    ("met", "Dexamethasone 10 mg/m2 (16 mg) daily for 14 days. Weight 60 kg."),
    but(
        "a stated body surface is not read",
        "met",
        "Dexamethasone 10 mg/m2 daily for 14 days. Weight 60 kg, BSA 1.66 m2.",
    ),
    # words alone
    ("possible", "High-dose steroids."),
    ("possible", "Received steroids."),
    ("possible", "Possibly received methylprednisolone 1 g daily for 3 days elsewhere."),
    ("not_met", "Denies steroid use."),
    ("not_met", "Steroid naive."),
    ("not_met", "No steroids recently."),
    ("not_met", "Never on steroids."),
    ("met", "2024-02-01 Methylprednisolone 1 g daily for 3 days.", "2024-03-01 No steroids today."),
    ("met", "2024-02-01 Never on steroids.", "2024-03-01 Methylprednisolone 1 g daily for 3 days."),
    ("met", "In 2015 methylprednisolone 1 g daily for 3 days."),
    ("not_documented", "Mother took prednisone 100 mg daily for 5 days."),
    ("not_documented", "Fluticasone inhaler, hydrocortisone cream, prednisolone eye drops."),
    ("not_documented", "Fludrocortisone 0.1 mg daily."),
    ("not_documented", "R-CHOP x 6."),
    ("not_documented", "Well."),
]

I1: list[Any] = [
    ("not_met", "15-year-old girl."),
    ("met", "16-year-old girl."),
    ("met", "80-year-old woman."),
    ("not_met", "81-year-old woman."),
    ("met", "54F with fever."),
    ("met", "54 y.o. man."),
    ("met", "Age: 54 years"),
    ("met", "Sixteen-year-old boy."),
    ("not_met", "Eighty-one-year-old man."),
    ("not_met", "18-month-old boy."),
    ("not_documented", "Well, retired teacher."),
    ("not_documented", "Her 10-year-old son is well."),
    ("met", "54-year-old woman. Her 10-year-old son is well."),
    # an age is carried forward
    ("met", "2020-03-01 15-year-old boy.", "2024-03-01 Well."),
    ("not_met", "2022-03-01 80-year-old man.", "2024-03-01 Well."),
    ("possible", "2023-09-01 15-year-old boy.", "2024-03-01 Well."),
    ("possible", "2023-09-01 80-year-old man.", "2024-03-01 Well."),
    ("met", "2023-02-28 15-year-old boy.", "2024-03-01 Well."),
    ("met", "2020-03-01 15-year-old boy.", "2024-03-01 19-year-old man."),
    ("met", "2023-03-01 79-year-old man.", "2024-02-28 Well."),
    # birthdays
    ("met", "DOB 2008-03-01."),
    ("not_met", "DOB 2008-03-02."),
    ("met", "DOB 1943-03-02."),
    ("not_met", "DOB 1943-03-01."),
    ("met", "2024-02-29 DOB 2008-02-29."),
    ("not_met", "2024-02-28 DOB 2008-02-29."),
    ("met", "2025-02-28 DOB 1944-02-29."),
    ("not_met", "2025-03-01 DOB 1944-02-29."),
    ("met", "Born in 1990."),
    ("possible", "Born in 2008."),
    ("possible", "Born in 1943."),
    ("met", "DOB 01/01/1990."),
    ("met", "2010-01-01 DOB 1990-05-05. 19-year-old.", "2024-03-01 Well."),
]

I2: list[Any] = [
    ("met", "Signed informed consent for the study."),
    ("met", "Informed consent for the trial was signed on 2024-02-20."),
    ("not_met", "Declined to participate in the study."),
    ("not_met", "Patient refused consent for the trial."),
    ("not_documented", "Will sign consent for the trial next week."),
    ("not_documented", "Consent for bronchoscopy signed."),
    ("not_documented", "Well."),
    ("met", "54-year-old. Signed informed consent for the study."),
    ("met", "18-year-old. Signed informed consent for the study."),
    ("possible", "17-year-old. Patient signed informed consent for the study."),
    ("possible", "16-year-old. Mother signed informed consent for the study."),
    ("met", "16-year-old. Patient and mother both signed informed consent for the study."),
    ("met", "2024-01-01 Declined to participate in the study.", "2024-03-01 Signed informed consent for the study."),
    ("not_met", "2024-01-01 Signed informed consent for the study.", "2024-03-01 Withdrew consent for the study."),
    ("met", "2023-01-01 17-year-old.", "2024-03-01 Signed informed consent for the study."),
]

I3: list[Any] = [
    ("met", "Adult-onset Still's disease."),
    ("met", "AOSD."),
    ("met", "SLE."),
    but("RA is read in some company only", "met", "RA since 2015."),
    ("met", "h/o Kawasaki disease."),
    ("met", "Dermatomyositis."),
    ("met", "Undifferentiated connective tissue disease."),
    ("met", "IgG4-related disease."),
    ("met", "ANCA vasculitis in 2010, in remission."),
    ("possible", "Possible SLE."),
    ("possible", "SLE versus viral illness."),
    ("not_met", "SLE was ruled out."),
    ("not_met", "No autoimmune disease."),
    ("not_met", "Vasculitis was considered and excluded."),
    ("not_met", "2024-01-01 SLE suspected.", "2024-03-01 SLE excluded."),
    ("met", "2024-01-01 SLE suspected.", "2024-03-01 SLE confirmed."),
    ("not_documented", "Mother with lupus."),
    ("not_documented", "Gout and osteoarthritis."),
    ("not_documented", "GVHD."),
    ("not_documented", "Autoimmune PAP."),
    ("not_documented", "Aplastic anaemia."),
    ("not_documented", "HIV."),
    ("not_documented", "Well."),
]

FOUR = "MAS. Fever. Splenomegaly. Haemophagocytosis in the marrow. Ferritin 900 ug/L. "
I4: list[Any] = [
    ("met", "HLH, HLH-2004 criteria met."),
    ("met", "HLH (6/8 criteria)."),
    ("met", "MAS, 5/8 HLH-2004 criteria."),
    ("met", "HLH, five of eight HLH-2004 criteria."),
    ("possible", "HLH, 4/8 HLH-2004 criteria."),
    ("possible", "HLH, 5/9 criteria."),
    ("possible", "HLH."),
    ("possible", "Possible HLH."),
    ("possible", "MAS, HScore 240."),
    ("not_met", "HLH was ruled out."),
    ("not_met", "No sign of HLH."),
    ("not_met", "2024-01-01 HLH suspected.", "2024-03-01 HLH ruled out."),
    ("met", "Past HLH in 2019, resolved, HLH-2004 6/8."),
    ("not_documented", "Father had HLH."),
    ("not_documented", "Monitor for HLH."),
    ("not_documented", "Well."),
    # five items
    ("possible", FOUR),
    ("met", FOUR + "Fibrinogen 1.5 g/L."),
    ("possible", FOUR + "Fibrinogen 1.6 g/L."),
    ("met", FOUR + "Fibrinogen 150 mg/dL."),
    ("possible", FOUR + "Fibrinogen 310 mg/dL."),
    ("met", FOUR + "Triglycerides 3.0 mmol/L."),
    ("possible", FOUR + "Triglycerides 2.9 mmol/L."),
    ("met", FOUR + "Triglycerides 265 mg/dL."),
    ("possible", FOUR + "Triglycerides 264 mg/dL."),
    ("met", FOUR + "Hb 85 g/L, platelets 90."),
    ("met", FOUR + "Hb 8.6 g/dL, platelets 90."),
    ("met", FOUR + "Hb 89 g/L, platelets 99."),
    ("possible", FOUR + "Hb 90 g/L, platelets 99."),
    ("possible", FOUR + "Hb 89 g/L, platelets 100."),
    ("possible", FOUR + "Hb 85 g/L."),
    ("possible", FOUR + "Platelets 20."),
    ("met", FOUR + "Platelets 20, ANC 0.9."),
    ("possible", FOUR + "Platelets 20, ANC 1.0."),
    ("met", FOUR + "Platelets 20, ANC 900."),
    ("met", FOUR + "sCD25 2400 U/mL."),
    ("possible", FOUR + "sCD25 2399 U/mL."),
    ("possible", FOUR + "sCD25 5000 pg/mL."),
    ("met", FOUR + "sCD25 5000 pg/mL (H)."),
    ("met", FOUR + "NK activity absent."),
    ("possible", FOUR + "NK activity normal."),
    ("possible", FOUR.replace("900", "499") + "Fibrinogen 1.2 g/L."),
    ("met", FOUR.replace("900", "500") + "Fibrinogen 1.2 g/L."),
    ("met", FOUR.replace("Fever", "T 38.5") + "Fibrinogen 1.2 g/L."),
    ("possible", FOUR.replace("Fever", "T 38.4") + "Fibrinogen 1.2 g/L."),
    ("possible", FOUR.replace("Fever", "No fever") + "Fibrinogen 1.2 g/L."),
    ("possible", FOUR.replace("Splenomegaly", "No splenomegaly") + "Fibrinogen 1.2 g/L."),
    ("possible", FOUR.replace("Fever. ", "") + "Fibrinogen 1.2 g/L, triglycerides 4.0 mmol/L."),
    ("possible", FOUR.replace("MAS", "Ill") + "Fibrinogen 1.2 g/L."),
    ("not_documented", FOUR.replace("MAS", "Ill")),
    ("possible", FOUR + "Hb 85 g/L, platelets 210."),
    ("possible", FOUR + "Hb 85 g/L, platelets 210 x10^9/L."),
    ("met", FOUR + "CD107a normal, but reduced NK cell function."),
    ("met", FOUR + "Platelets 21 x10^9/L, ANC 0.4 x10^9/L."),
    # within 30 days
    ("met", "2024-01-31 MAS. Fever. Splenomegaly.", "2024-03-01 Haemophagocytosis. Ferritin 900. Fibrinogen 1.2 g/L."),
    (
        "possible",
        "2024-01-30 MAS. Fever. Splenomegaly.",
        "2024-03-01 Haemophagocytosis. Ferritin 900. Fibrinogen 1.2 g/L.",
    ),
    ("met", "2023-01-30 MAS. Fever. Splenomegaly.", "2023-03-01 Haemophagocytosis. Ferritin 900. Fibrinogen 1.2 g/L."),
    (
        "possible",
        "2020-01-01 MAS. Fever. Splenomegaly.",
        "2024-03-01 Ferritin 900. Fibrinogen 1.2 g/L. NK activity low.",
    ),
]

PULSED = "Methylprednisolone 1 g daily for 3 days. "
I5: list[Any] = [
    ("met", PULSED + "MAS refractory to steroids."),
    ("met", PULSED + "MAS, no response to steroids."),
    ("met", PULSED + "MAS, steroid-dependent."),
    ("met", PULSED + "MAS worsening on steroids."),
    ("met", PULSED + "Intolerant of steroids (psychosis)."),
    ("met", PULSED + "MAS responded to steroids at first, now steroid-refractory."),
    ("met", "2024-01-01 " + PULSED, "2024-03-01 MAS refractory to steroids."),
    ("possible", "MAS refractory to steroids."),
    ("possible", "MAS, steroid-dependent."),
    ("possible", "MAS refractory to prednisone 90 mg daily. Weight 60 kg."),
    ("possible", PULSED + "Possible steroid resistance."),
    ("not_met", PULSED + "MAS responded well to steroids."),
    ("not_met", "MAS responded to steroids."),
    ("not_documented", PULSED),
    ("not_documented", PULSED + "If no response to steroids, add anakinra."),
    ("not_documented", PULSED + "Steroids stopped because of hyperglycaemia."),
    ("not_documented", "Well."),
]

E1: list[Any] = [
    ("met", "Primary HLH."),
    ("met", "Familial HLH, PRF1 homozygous."),
    ("met", "Suspected primary HLH."),
    ("met", "Rule out primary HLH."),
    ("met", "XLP1 with SH2D1A pathogenic variant."),
    ("not_met", "Primary HLH was excluded."),
    ("not_met", "HLH gene panel negative."),
    ("not_met", "PRF1, UNC13D: no pathogenic variants."),
    ("not_met", "No evidence of familial HLH."),
    ("not_met", "2024-01-01 Suspected primary HLH.", "2024-03-01 Primary HLH excluded, gene panel negative."),
    ("possible", "Brother has familial HLH."),
    ("not_documented", "HLH gene panel pending."),
    ("not_documented", "Will send HLH gene panel."),
    ("not_documented", "Secondary HLH."),
    ("not_documented", "Well."),
]

E2: list[Any] = [
    ("met", "HLH secondary to EBV."),
    ("met", "HLH due to EBV infection."),
    ("met", "EBV-associated HLH."),
    ("met", "EBV-HLH."),
    ("met", "HLH triggered by CMV infection."),
    ("met", "HLH due to blinatumomab."),
    ("met", "HLH after axi-cel, IEC-HS."),
    ("met", "IEC-HS."),
    ("met", "HLH induced by pembrolizumab."),
    ("met", "HLH secondary to visceral leishmaniasis."),
    ("met", "MAS due to SLE flare. Later HLH triggered by EBV."),
    ("possible", "HLH. EBV PCR positive."),
    ("possible", "HLH. EBV PCR detected, below quantification."),
    ("possible", "HLH. Received axi-cel in 2023."),
    ("possible", "HLH. On teclistamab."),
    ("possible", "HLH. Received brentuximab vedotin in 2021."),
    ("possible", "HLH possibly triggered by EBV."),
    ("possible", "Possible HLH. EBV PCR positive."),
    ("not_met", "MAS due to Still's disease. EBV PCR negative."),
    ("not_met", "HLH. EBV PCR negative, no other trigger found."),
    but("excluded infections in general are not read", "not_met", "MAS due to SLE flare, infection excluded."),
    ("not_met", "HLH due to lymphoma. EBV PCR negative."),
    ("not_documented", "HLH."),
    ("not_documented", "MAS due to SLE flare."),
    ("not_documented", "EBV PCR positive."),
    ("not_documented", "HLH ruled out. EBV PCR positive."),
    ("not_documented", "Received axi-cel in 2023."),
    ("not_documented", "Well."),
]

E3: list[Any] = [
    ("met", "Active lymphoma on chemotherapy."),
    ("met", "DLBCL."),
    ("met", "Myeloma diagnosed 2015, on lenalidomide."),
    ("met", "Metastatic colon cancer, diagnosed 2016."),
    ("met", "Melanoma 2010, recurrence 2022."),
    ("met", "DLBCL 2010. Breast cancer diagnosed 2022."),
    ("met", "DLBCL 2015, axi-cel 2021."),
    # five years before 2024-03-01
    ("met", "Hodgkin lymphoma diagnosed 2021-05-01."),
    ("met", "Hodgkin lymphoma diagnosed 2019-03-02."),
    ("met", "Hodgkin lymphoma diagnosed 2019-03-01."),
    ("not_met", "Hodgkin lymphoma diagnosed 2019-02-28, in remission since."),
    ("met", "Hodgkin lymphoma diagnosed 03/2019."),
    ("not_met", "Hodgkin lymphoma diagnosed 02/2019, in remission."),
    ("met", "Hodgkin lymphoma diagnosed March 2019."),
    ("possible", "h/o Hodgkin lymphoma 2019."),
    ("met", "h/o Hodgkin lymphoma 2020."),
    ("not_met", "h/o Hodgkin lymphoma 2018."),
    ("not_met", "h/o DLBCL 2011."),
    ("not_met", "Hodgkin lymphoma 2010, in remission."),
    ("not_met", "h/o Hodgkin lymphoma 20 years ago."),
    ("met", "h/o Hodgkin lymphoma 3 years ago."),
    ("possible", "h/o Hodgkin lymphoma 5 years ago."),
    ("met", "2024-02-29 Hodgkin lymphoma diagnosed 2019-03-01."),
    ("not_met", "2024-02-29 Hodgkin lymphoma diagnosed 2019-02-27, in remission since."),
    ("met", "2025-02-28 Hodgkin lymphoma diagnosed 2020-02-29."),
    ("not_met", "2025-03-01 Hodgkin lymphoma diagnosed 2020-02-29, in remission since."),
    ("possible", "2024-03-10 h/o Hodgkin lymphoma 03/2019."),
    ("not_met", "2019-01-01 h/o Hodgkin lymphoma 2018.", "2024-03-01 Lymphoma in remission since 2018."),
    # the date is unknown
    ("possible", "History of lymphoma."),
    ("possible", "h/o lymphoma many years ago."),
    ("possible", "Possible lymphoma."),
    ("possible", "undated h/o Hodgkin lymphoma 2020."),
    ("possible", "undated h/o Hodgkin lymphoma 2010."),
    # exceptions
    ("not_met", "Basal cell carcinoma excised in 2022."),
    ("not_met", "Squamous cell carcinoma of the skin, excised 2022."),
    ("not_met", "Cervical carcinoma in situ, treated by conisation in 2021."),
    ("not_met", "DCIS of the left breast, treated by lumpectomy in 2022."),
    ("not_met", "Papillary thyroid cancer, s/p thyroidectomy 2021, no evidence of disease."),
    ("not_met", "Localised asymptomatic prostate cancer on active surveillance since 2022."),
    ("met", "Metastatic prostate cancer."),
    ("met", "Basal cell carcinoma excised in 2022. DLBCL diagnosed 2023."),
    ("not_met", "Basal cell carcinoma excised in 2022. DLBCL 2005, in remission."),
    # another localised one, cured
    ("possible", "Colon cancer resected with curative intent in 2021, no evidence of disease."),
    ("possible", "Stage I melanoma excised in 2022, no evidence of disease."),
    # denied
    ("not_met", "No evidence of malignancy."),
    ("not_met", "Denies cancer."),
    ("not_met", "No cancer in the last 5 years."),
    ("not_met", "Bone marrow biopsy negative for lymphoma."),
    ("not_met", "2024-01-01 Possible lymphoma.", "2024-03-01 Lymphoma ruled out by biopsy."),
    ("not_met", "2023-01-01 Lymphoma diagnosed 2022.", "2024-03-01 Lymphoma was entered in error."),
    ("not_documented", "Father had colon cancer."),
    ("not_documented", "Well."),
]

E4: list[Any] = [
    ("met", "Allergic to lenzilumab."),
    ("met", "Allergies: plonmarlimab (anaphylaxis)."),
    ("met", "Allergy to otilimab. Otherwise NKDA."),
    ("not_met", "Allergic to mavrilimumab."),  # it binds the receptor
    ("possible", "Possible allergy to lenzilumab."),
    ("not_met", "NKDA."),
    ("not_met", "No known drug allergies."),
    ("not_met", "Allergies: none."),
    ("not_met", "Denies allergies."),
    ("not_met", "Allergies: penicillin."),
    ("not_met", "Allergies: latex, shellfish."),
    ("not_met", "Codeine intolerance (nausea)."),
    ("met", "2023-01-01 NKDA.", "2024-03-01 Allergic to lenzilumab."),
    ("not_documented", "Received lenzilumab."),
    but("a relative's allergy is taken for the patient's", "not_documented", "Mother is allergic to penicillin."),
    ("not_documented", "Well."),
]

E5: list[Any] = [
    ("met", "COPD."),
    ("met", "FVC 80% predicted."),
    ("met", "FEV1/FVC 0.70."),
    ("met", "Pulmonary alveolar proteinosis."),
    ("not_met", "FVC 81% predicted, FEV1/FVC 0.71."),
    ("not_met", "Denies asthma."),
    ("possible", "Concern for ILD."),
    ("not_documented", "Well."),
]

TABLE: dict[str, list[Any]] = {
    "ebv_active": EBV, "car_t_exposure": CAR_T, "tce_exposure": TCE, "adc_exposure": ADC,
    "malignancy_history": MALIGNANCY, "lung_disease": LUNG, "high_dose_steroid": STEROIDS,
    "I1": I1, "I2": I2, "I3": I3, "I4": I4, "I5": I5, "E1": E1, "E2": E2, "E3": E3, "E4": E4, "E5": E5,
}  # fmt: skip


def rows() -> Iterator[Any]:
    """Yield question and row of the whole table, as parameters."""
    for question, cases in TABLE.items():
        for case in cases:
            row, marks = (
                (case, ()) if isinstance(case, tuple) and not hasattr(case, "marks") else (case.values[0], case.marks)
            )
            yield pytest.param(question, row, marks=marks, id=f"{question}-{row[0]}-{' / '.join(row[1:])}"[:120])


@pytest.mark.parametrize(("question", "row"), rows())
def test_a_question_is_answered_as_the_guideline_wants(screener: Screener, question: str, row: Row) -> None:
    found = answer(screener, question, *row[1:])
    assert (found.status, found.rationale) == (row[0], found.rationale)


def test_the_table_is_as_long_as_it_has_to_be() -> None:
    assert sum(len(cases) for cases in TABLE.values()) >= 400


# --- the reference date ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "text", "as_of", "wanted"),
    [
        ("I1", "2020-01-01 DOB 2008-03-01.", "2024-02-29", "not_met"),
        ("I1", "2020-01-01 DOB 2008-03-01.", "2024-03-01", "met"),
        ("I1", "2020-01-01 DOB 1943-03-01.", "2024-02-29", "met"),
        ("I1", "2020-01-01 DOB 1943-03-01.", "2024-03-01", "not_met"),
        ("I1", "2020-01-01 12-year-old boy.", "2023-12-31", "possible"),
        ("I1", "2020-01-01 12-year-old boy.", "2025-01-02", "met"),
        ("I1", "undated DOB 2008-03-01.", "2024-03-01", "met"),
        ("E3", "2021-01-01 Hodgkin lymphoma diagnosed 2020-01-01, in remission.", "2025-01-01", "met"),
        ("E3", "2021-01-01 Hodgkin lymphoma diagnosed 2020-01-01, in remission.", "2025-01-02", "not_met"),
        ("E3", "2021-01-01 Hodgkin lymphoma diagnosed 2020-02-29, in remission.", "2025-02-28", "met"),
        ("E3", "2021-01-01 Hodgkin lymphoma diagnosed 2020-02-29, in remission.", "2025-03-01", "not_met"),
        ("E3", "undated h/o Hodgkin lymphoma 2020.", "2024-03-01", "met"),
        ("E3", "undated h/o Hodgkin lymphoma 2010.", "2024-03-01", "not_met"),
        ("ebv_active", "2021-01-01 EBV PCR positive.", "2024-03-01", "met"),
    ],
)
def test_a_reference_date_that_is_given_is_kept_to(
    screener: Screener, question: str, text: str, as_of: str, wanted: str
) -> None:
    assert status(screener, question, text, as_of=as_of) == wanted


@pytest.mark.parametrize(
    ("dates", "as_of", "reference"),
    [
        (["2024-01-01", "2024-03-01", "2024-02-01"], None, dt.date(2024, 3, 1)),
        (["2024-01-01", None], None, dt.date(2024, 1, 1)),
        ([None, None], None, None),
        ([], None, None),
        (["2024-01", "2023"], None, None),
        (["2024-01-01"], "2023-05-05", dt.date(2023, 5, 5)),
        (["2024-01-01"], dt.date(2023, 5, 5), dt.date(2023, 5, 5)),
        ([], "2024-02-29", dt.date(2024, 2, 29)),
    ],
)
def test_the_reference_date_is_the_one_given_or_that_of_the_latest_note(
    dates: list[str | None], as_of: Any, reference: dt.date | None
) -> None:
    assert reference_date(dates, as_of) == reference


@pytest.mark.parametrize("as_of", ["2023-02-29", "yesterday", "01/02/2023", "", "2023"])
def test_a_reference_date_that_is_no_day_is_refused(as_of: str) -> None:
    with pytest.raises(UsageError, match="give a date as YYYY-MM-DD"):
        reference_date(["2024-01-01"], as_of)


@pytest.mark.parametrize(
    ("day", "years", "before"),
    [
        ("2024-03-01", 5, "2019-03-01"),
        ("2024-02-29", 5, "2019-02-28"),
        ("2024-02-29", 4, "2020-02-29"),
        ("2025-02-28", 5, "2020-02-28"),
        ("2025-03-01", 5, "2020-03-01"),
        ("2024-12-31", 1, "2023-12-31"),
    ],
)
def test_years_before_a_day(day: str, years: float, before: str) -> None:
    assert years_before(dt.date.fromisoformat(day), years) == dt.date.fromisoformat(before)


@pytest.mark.parametrize(
    ("iso", "first", "last"),
    [
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2023-12", "2023-12-01", "2023-12-31"),
        ("2023-11", "2023-11-01", "2023-11-30"),
        ("2023", "2023-01-01", "2023-12-31"),
    ],
)
def test_a_partial_date_is_an_interval(iso: str, first: str, last: str) -> None:
    assert interval(iso) == (dt.date.fromisoformat(first), dt.date.fromisoformat(last))


@pytest.mark.parametrize("iso", [None, ""])
def test_no_date_is_no_interval(iso: str | None) -> None:
    assert interval(iso) is None


def test_notes_are_ordered_by_date_then_id_undated_ones_first() -> None:
    given_order = [
        Note("p", "b", "", "2024-01-02"),
        Note("p", "a", "", "2024-01-02"),
        Note("p", "z", "", None),
        Note("p", "c", "", "2023-12-31"),
        Note("p", "y", "", None),
    ]
    assert [n.note_id for n in in_order(given_order)] == ["y", "z", "c", "a", "b"]


# --- reasons, confidence, roll-up ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "text", "said"),
    [
        (
            "high_dose_steroid",
            "Methylprednisolone 500 mg/d x 3 d. Weight 52 kg.",
            "500 mg/d = 625 mg/d prednisone; 52 kg -> 12 mg/kg/d, 3 d",
        ),
        ("high_dose_steroid", "Prednisone 60 mg daily for 3 days.", "weight not known"),
        ("lung_disease", "FVC 80% predicted.", "is <= 80 % predicted"),
        ("lung_disease", "Denies asthma.", "only this was denied"),
        ("I1", "54-year-old.", "Age 54 at the reference date"),
        ("E3", "h/o DLBCL 2011.", "more than 5 years before 2024-03-01"),
        ("I4", "HLH (6/8 criteria).", "the notes state 6 of 8"),
        ("E5", "Well.", "say nothing about lung disease"),
    ],
)
def test_the_reason_names_the_facts(screener: Screener, question: str, text: str, said: str) -> None:
    assert said in answer(screener, question, text).rationale


@pytest.mark.parametrize(
    ("question", "confidence", "row"),
    [
        ("lung_disease", "direct", ("COPD.",)),
        ("lung_disease", "inferred", ("FVC 70% predicted.",)),
        ("lung_disease", "conflicting", ("2023-01-01 Asthma.", "2024-03-01 Denies asthma.")),
        ("ebv_active", "direct", ("EBV PCR negative.",)),
        ("ebv_active", "conflicting", ("2024-01-01 EBV PCR positive.", "2024-03-01 EBV PCR negative.")),
        ("malignancy_history", "inferred", ("Possible lymphoma.",)),
        ("I1", "direct", ("54-year-old.",)),
        ("I1", "inferred", ("2023-09-01 15-year-old boy.", "2024-03-01 Well.")),
    ],
)
def test_the_confidence_is_honest(screener: Screener, question: str, confidence: str, row: Row) -> None:
    assert answer(screener, question, *row).confidence == confidence


@pytest.mark.parametrize(
    ("question", "status", "named", "row"),
    [
        ("lung_disease", "met", "elsewhere denied: “asthma”", ("2023-01-01 Asthma.", "2024-03-01 Denies asthma.")),
        (
            "high_dose_steroid",
            "met",
            "elsewhere denied: “steroids”",
            ("2024-01-01 Never received steroids.", "2024-03-01 Methylprednisolone 1 g x 3 days in 2022."),
        ),
        (
            "I5",
            "met",
            "a response too: “prompt response to steroids”",
            (
                "2024-01-01 MAS, methylprednisolone 1 g x 3 days, prompt response to steroids.",
                "2024-02-20 MAS again, methylprednisolone 1 g x 3 days, no response to steroids.",
            ),
        ),
        ("I4", "met", "elsewhere denied: “HLH”", ("2024-02-01 No HLH.", "2024-03-01 HLH, 6/8 criteria.")),
        (
            "I2",
            "met",
            "declined before",
            (
                "2024-02-01 Plonmarlimab trial: declined to participate.",
                "2024-03-01 Plonmarlimab trial: informed consent signed.",
            ),
        ),
        (
            "I2",
            "not_met",
            "signed before",
            ("2024-02-01 Plonmarlimab trial: informed consent signed.", "2024-03-01 She withdrew from the study."),
        ),
        (
            "E4",
            "met",
            "elsewhere denied: “NKDA”",
            ("2024-02-01 NKDA.", "2024-03-01 Allergies: plonmarlimab (hives)."),
        ),
        (
            "ebv_active",
            "not_met",
            "an earlier statement was positive",
            ("2024-01-01 EBV PCR positive.", "2024-03-01 EBV PCR negative."),
        ),
        (
            "ebv_active",
            "met",
            "a later statement does not undo it",
            ("2024-02-26 EBV PCR 20,000 copies/mL.", "2024-03-01 EBV VCA IgM negative."),
        ),
        ("E3", "met", "elsewhere denied: “lymphoma”", ("2024-02-01 No lymphoma.", "2024-03-01 Active lymphoma.")),
    ],
)
def test_a_conflict_is_named_in_the_reason_and_stands_in_the_evidence(
    screener: Screener, question: str, status: str, named: str, row: Row
) -> None:
    mentions, answers = screener.screen(notes(*row))
    found = next(a for a in answers if a.question == question)
    assert (found.status, found.confidence) == (status, "conflicting")
    assert named in found.rationale
    notes_of_evidence = {m.note_id for m in mentions if m.mention_id in found.evidence}
    assert notes_of_evidence == {"n0", "n1"}


@pytest.mark.parametrize(
    ("text", "sum_of"),
    [
        ("Weight 60 kg. Prednisone 90 mg daily for 3 days.", "90 mg/d; 60 kg -> 1.5 mg/kg/d, 3 d"),
        ("Wt 50 kg. Prednisolone 40 mg bid x 5 days.", "80 mg/d; 50 kg -> 1.6 mg/kg/d, 5 d"),
        (
            "Wt 70 kg. Dexamethasone 10 mg q12h for 4 days.",
            "20 mg/d = 133.3 mg/d prednisone; 70 kg -> 1.9 mg/kg/d, 4 d",
        ),
        (
            "Wt 80 kg. Hydrocortisone 100 mg q8h for 3 days.",
            "300 mg/d = 75 mg/d prednisone; 80 kg -> 0.938 mg/kg/d, 3 d",
        ),
        (
            "Methylprednisolone 30 mg/kg/d for 3 days.",
            "30 mg/kg/d = 37.5 mg/kg/d prednisone, 3 d",
        ),
        ("Wt 110 lb. Prednisone 80 mg daily x 10 d.", "80 mg/d; 49.9 kg -> 1.6 mg/kg/d, 10 d"),
        ("Methylprednisolone 250 mg daily x 3 days.", "250 mg/d = 312.5 mg/d prednisone, high at any weight, 3 d"),
        ("Prednisone 59 mg daily x 3 days.", "59 mg/d, low at any weight, 3 d"),
        ("Wt 61 kg, height 172 cm. Dexamethasone 10 mg/m2 daily x 14 days.", "61 kg -> 1.87 mg/kg/d, 14 d"),
        (
            "Wt 52 kg. Methylprednisolone 1 g on 2/11, 2/12 and 2/13.",
            "1000 mg/d = 1250 mg/d prednisone; 52 kg -> 24 mg/kg/d, 3 d",
        ),
    ],
)
def test_the_sum_of_a_dose_is_shown(screener: Screener, text: str, sum_of: str) -> None:
    assert sum_of in answer(screener, "high_dose_steroid", text).rationale


@pytest.mark.parametrize(
    ("question", "row", "strongest"),
    [
        ("lung_disease", ("h/o asthma in childhood. COPD on tiotropium.",), "COPD"),
        ("lung_disease", ("Possible ILD. COPD.",), "COPD"),
        ("lung_disease", ("FVC 60% predicted. COPD.",), "COPD"),
        ("ebv_active", ("2024-01-01 EBV PCR positive.", "2024-03-01 EBV PCR negative."), "EBV PCR"),
        ("E2", ("HLH secondary to EBV. Later axi-cel.",), "EBV"),
        ("high_dose_steroid", ("Prednisone 5 mg daily. Methylprednisolone 1 g x 3 days.",), "Methylprednisolone"),
        (
            "I5",
            ("Methylprednisolone 1 g x 3 days. Good response to steroids at first, then no response to steroids.",),
            "no response to steroids",
        ),
        ("E3", ("BCC excised 2020. Metastatic melanoma on nivolumab.",), "melanoma"),
        ("E4", ("Allergies: penicillin, plonmarlimab (hives).",), "plonmarlimab"),
    ],
)
def test_the_strongest_evidence_stands_first(screener: Screener, question: str, row: Row, strongest: str) -> None:
    mentions, answers = screener.screen(notes(*row))
    found = next(a for a in answers if a.question == question)
    shown = {m.mention_id: m for m in mentions}
    assert strongest in (shown[found.evidence[0]].text or "")
    if len(row) > 1:
        assert shown[found.evidence[0]].note_id == f"n{len(row) - 1}"


def rolled(**statuses: str) -> str:
    """Return the roll-up of criteria with these statuses, findings beside them."""
    kinds = {"f": "finding", "I": "inclusion", "E": "exclusion"}
    return screen_of([Answer("p", "t", q, kinds[q[0]], s, "direct", "") for q, s in statuses.items()])


@pytest.mark.parametrize(
    ("statuses", "screen"),
    [
        ({"I1": "met", "E1": "not_met"}, "eligible_so_far"),
        ({"I1": "met", "E1": "met"}, "excluded"),
        ({"I1": "not_met", "E1": "not_met"}, "excluded"),
        ({"I1": "possible", "E1": "not_met"}, "review"),
        ({"I1": "met", "E1": "not_documented"}, "review"),
        ({"I1": "possible", "E1": "met"}, "excluded"),
        ({"f1": "met", "I1": "met", "E1": "not_met"}, "eligible_so_far"),
        ({"f1": "not_documented", "I1": "met", "E1": "not_met"}, "eligible_so_far"),
    ],
)
def test_the_roll_up_of_a_patient(statuses: dict[str, str], screen: str) -> None:
    assert rolled(**statuses) == screen


def test_silence_is_never_no(screener: Screener) -> None:
    assert {a.question: a.status for a in screener.answers(notes("Well."))} == dict.fromkeys(TABLE, "not_documented")


def test_a_patient_without_notes_has_every_answer(screener: Screener) -> None:
    assert [a.status for a in screener.answers([])] == ["not_documented"] * len(TABLE)


def test_notes_of_two_patients_are_refused(screener: Screener) -> None:
    with pytest.raises(UsageError, match="more than one patient"):
        screener.answers([Note("p", "a", "x"), Note("q", "b", "x")])


# --- what must hold of every patient ---------------------------------------------------------------------------------


def dev_patients() -> dict[str, list[Note]]:
    """Return the notes of each dev patient."""
    found: dict[str, list[Note]] = {}
    for note in notes_of("dev"):
        found.setdefault(note.patient_id, []).append(note)
    return found


@st.composite
def patients(draw: st.DrawFn, least: int = 1) -> list[Note]:
    """Return notes of a made-up patient: rows of the table under one roof, dated, undated, and on the same day."""
    every = [row.values[1] for row in rows()]
    count = draw(st.integers(least, 5))
    days = st.one_of(st.none(), st.dates(dt.date(2018, 1, 1), dt.date(2026, 12, 31)).map(str), st.just(DAY))
    made = []
    for number in range(count):
        texts = draw(st.lists(st.sampled_from(every), min_size=1, max_size=4))
        text = "\n".join(re.sub(r"^(?:\d{4}-\d\d-\d\d|undated) ", "", t) for row in texts for t in row[1:])
        made.append(Note("p", f"n{number}", text, draw(days)))
    return made


@examples(20)
@given(data=st.data(), patient=st.sampled_from(sorted(p for p, ns in dev_patients().items() if len(ns) > 1)))
def test_the_order_in_which_dev_notes_are_read_changes_no_answer(
    screener: Screener, data: st.DataObject, patient: str
) -> None:
    of_patient = dev_patients()[patient]
    assert screener.answers(data.draw(st.permutations(of_patient))) == screener.answers(of_patient)


@examples(60)
@given(data=st.data(), of_patient=patients(least=2))
def test_the_order_in_which_notes_are_read_changes_no_answer(
    screener: Screener, data: st.DataObject, of_patient: list[Note]
) -> None:
    assert screener.answers(data.draw(st.permutations(of_patient))) == screener.answers(of_patient)


IRRELEVANT = [
    "Walked to the shops, slept well.",
    "BP 120/80, HR 72, RR 14.",
    "Seen 2024-05-05; next visit 06/06/2025.",
    "Flu vaccine given. Diet as before.",
    "No complaints. Denies chest pain.",
    "PMH: hypertension. FH: mother with diabetes.",
    "Plan: physiotherapy. If worse, call.",
    "\u200b\x00\ud800",
    "",
]


@examples(60)
@given(
    of_patient=patients(),
    text=st.lists(st.sampled_from(IRRELEVANT), min_size=1, max_size=4).map("\n".join),
    day=st.one_of(st.none(), st.dates(dt.date(2010, 1, 1), dt.date(2030, 1, 1)).map(str)),
    name=st.sampled_from(["a", "n2x", "z"]),
)
def test_with_the_reference_date_fixed_an_irrelevant_note_changes_no_answer(
    screener: Screener, of_patient: list[Note], text: str, day: str | None, name: str
) -> None:
    other = copy(screener)
    other.as_of = DAY
    assert other.answers([*of_patient, Note("p", name, text, day)]) == other.answers(of_patient)


def check_answers(screener: Screener, of_patient: list[Note]) -> None:
    """Check what holds of all answers: statuses, reasons, and evidence that exists."""
    mentions, answers = screener.screen(of_patient)
    ids = {m.mention_id for m in mentions}
    for a in answers:
        assert a.status in STATUSES
        assert a.confidence in CONFIDENCES
        assert a.rationale.endswith(".") and "\n" not in a.rationale
        assert set(a.evidence) <= ids
        assert len(set(a.evidence)) == len(a.evidence)
        assert a.evidence or a.status == "not_documented", (a.question, a.rationale)


@pytest.mark.parametrize("patient", sorted(dev_patients()))
def test_every_answer_for_a_dev_patient_has_evidence_that_exists(screener: Screener, patient: str) -> None:
    check_answers(screener, dev_patients()[patient])


@examples(80)
@given(of_patient=patients())
def test_every_answer_has_evidence_that_exists(screener: Screener, of_patient: list[Note]) -> None:
    check_answers(screener, of_patient)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("I1", "54-year-old."),
        ("I4", "HLH (6/8 criteria)."),
        ("I1", "DOB 1990-01-01."),
        ("I4", "HLH-2004 criteria: 6/8."),
    ],
)
def test_what_is_met_has_evidence(screener: Screener, question: str, text: str) -> None:
    mentions, answers = screener.screen(notes(text))
    found = next(a for a in answers if a.question == question)
    assert found.status == "met"
    assert found.evidence
    assert set(found.evidence) <= {m.mention_id for m in mentions}


def test_statements_of_the_resolver_that_nothing_cites_stay_inside(screener: Screener) -> None:
    mentions, _ = screener.screen(notes("Age 50. Seen for the biobank. AST 88 U/L."))
    assert [m.label for m in mentions] == ["AGE"]


# --- today is nowhere ------------------------------------------------------------------------------------------------


class _Timeless(type(dt.date)):  # type: ignore[misc]
    """The class of days that know no today; real days are theirs too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, dt.date)


class TimelessDate(dt.date, metaclass=_Timeless):
    """A day whose class does not know what day it is."""

    @classmethod
    def today(cls) -> Any:
        raise AssertionError("today was asked for")


class Timeless:
    """The module ``datetime`` without a clock."""

    date, timedelta, datetime, timezone = TimelessDate, dt.timedelta, None, dt.timezone


def test_no_answer_asks_what_day_it_is(screener: Screener, monkeypatch: pytest.MonkeyPatch) -> None:
    some = list(dev_patients().values())[::6]
    wanted = [screener.answers(of_patient) for of_patient in some]
    dated = [m for name, m in sys.modules.items() if name.startswith("extractor.") and getattr(m, "dt", None) is dt]
    for module in dated:
        if module.__name__ != "extractor.schema":  # which only asks whether a day is one
            monkeypatch.setattr(module, "dt", Timeless)
    fresh = copy(screener)
    fresh.extractor = Extractor()
    assert {"extractor.dates", "extractor.screener"} <= {m.__name__ for m in dated}
    assert [fresh.answers(of_patient) for of_patient in some] == wanted


def test_the_code_between_notes_and_answers_has_no_clock() -> None:
    import extractor

    root = Path(extractor.__file__).parent
    of_a_run = {
        f"{name}.py"
        for name in [
            "batch",
            "runrecord",
            "workers",
            "checkpoint",
            "pace",
            "progress",
            "sparkrun",
            "console",
            "runfolder",
            "report",
            "cli",
            "records",
        ]
    }
    clock = re.compile(r"\.today\(|\.now\(|\.utcnow\(|\btime\.(?:time|localtime|gmtime|monotonic)\(|\bimport time\b")
    paths = [*root.glob("*.py"), *root.glob("mechanisms/*.py")]
    assert [p.name for p in paths if p.name not in of_a_run and clock.search(p.read_text(encoding="utf-8"))] == []
