(() => {
  const form = document.querySelector("form.filter");
  const patients = [...document.querySelectorAll(".patient")];
  const output = form.querySelector("output");
  form.hidden = false;
  const apply = () => {
    const { id, screen, question, status } = form.elements;
    const wanted = id.value.trim().toLowerCase();
    const answer = question.value && question.value + "=" + status.value;
    let shown = 0;
    for (const p of patients) {
      const fits = p.dataset.id.includes(wanted) && (!screen.value || p.dataset.screen === screen.value)
        && (!answer || (" " + p.dataset.key + " ").includes(" " + answer + " "));
      p.hidden = !fits;
      shown += fits;
    }
    status.disabled = !question.value;
    output.textContent = shown + " of " + patients.length + " shown";
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const button of form.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      let left = 200;
      for (const p of patients) if (p.tagName === "DETAILS" && !p.hidden && left-- > 0) p.open = !!button.dataset.open;
    });
  }
  apply();
})();
