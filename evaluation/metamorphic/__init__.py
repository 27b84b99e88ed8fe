"""Metamorphic tests: how answers must stand, or change, when a text is rewritten in a known way.

In the manner of CheckList (Ribeiro et al., ACL 2020, doi:10.18653/v1/2020.acl-main.442): no gold is needed, the tool's answer
on the text as it stands is what the answer on the rewritten text is held against.
"""
