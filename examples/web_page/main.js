/**
 * mmulab in a web page: a scenario to edit, and the comparison of its policies.
 *
 *     deno task page
 *
 * Then open index.html, from the disk or from a server.
 */

import { compareScenario } from "@mmulab/mmulab/scenario";
import scenario from "../../scenarios/ksm-merge-kvm.yaml" with { type: "text" };

const source = document.querySelector("#source");
const problem = document.querySelector("#problem");
const result = document.querySelector("#result");

/** Adds a row of cells; what is in them is text, whatever it looks like. */
function addRow(kind, texts) {
  const row = result.insertRow();
  for (const text of texts) {
    row.append(Object.assign(document.createElement(kind), { textContent: text }));
  }
}

function compare() {
  result.replaceChildren();
  problem.textContent = "";
  try {
    const { kernel, columns, listeners } = compareScenario(source.value);
    addRow("th", [`kernel ${kernel}`, ...columns]);
    for (const { name, counters } of listeners) {
      for (const [counter, values] of Object.entries(counters)) {
        const numbers = columns.map((column) => values[column]);
        if (numbers.every((number) => number === 0)) continue;
        addRow("td", [`${name}.${counter}`, ...numbers.map(String)]);
      }
    }
  } catch (error) {
    problem.textContent = error instanceof Error ? error.message : String(error);
  }
}

document.querySelector("#compare").addEventListener("click", compare);
source.value = scenario;
compare();
