"use strict";
const form = document.querySelector(".filters");
if (form) {
  const findings = [...document.querySelectorAll(".finding")];
  const texts = new Map(findings.map((finding) => [finding, finding.textContent.toLowerCase()]));
  const apply = () => {
    const chosen = new FormData(form);
    const severities = chosen.getAll("severity");
    const rule = chosen.get("rule");
    const namespace = chosen.get("namespace");
    const text = chosen.get("text").trim().toLowerCase();
    let shown = 0;
    for (const finding of findings) {
      const data = finding.dataset;
      const passes = severities.includes(data.severity)
        && (!rule || data.rule === rule)
        && (!namespace || data.namespaces.split(" ").includes(namespace))
        && (!text || texts.get(finding).includes(text));
      finding.hidden = !passes;
      shown += passes ? 1 : 0;
    }
    for (const group of document.querySelectorAll(".group")) {
      const left = group.querySelectorAll(".finding:not([hidden])").length;
      group.hidden = left === 0;
      group.querySelector(".count").textContent = left;
    }
    document.querySelector(".nothing").hidden = shown > 0;
    form.querySelector("output").textContent = `${shown} of ${findings.length} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
}
