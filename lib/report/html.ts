/**
 * The HTML report: one file that fetches nothing and runs nothing.
 *
 * @module
 */

import { COUNTER_MEANINGS, counterLabel } from "./counters_text.ts";
import {
  countStatus,
  type ReportDocument,
  type ReportKernel,
  type ReportListener,
  type ReportPageStep,
  type ReportScenario,
} from "./document.ts";
import { counterChart, windowChart } from "./html_charts.ts";
import { STYLE } from "./html_style.ts";
import { escapeMarkup as text } from "./markup.ts";
import { amount, changeText, countText, timeText } from "./numbers.ts";

/** What the page may do: show itself. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/**
 * Renders a run as a page.
 *
 * @param document The run.
 * @returns HTML that ends in a newline.
 */
export function htmlReport(document: ReportDocument): string {
  const { scenarios, shard, selected } = document;
  const { passed, failed, inconclusive, skipped } = countStatus(document);
  const part = shard === null ? "" : `, shard ${shard.index} of ${shard.of}`;
  const left = selected - scenarios.length;
  const omitted = shard === null && left > 0 ? `, ${left} left out` : "";
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>mmulab: ${failed} failed, ${passed} passed</title>`,
    `<style>${STYLE}</style>\n</head>\n<body>\n<header>\n<h1>mmulab report</h1>`,
    `<p>${amount(scenarios.length, "scenario")}${part}${omitted}: ` +
    `<span class="passed">${passed} passed</span>, ` +
    (failed > 0 ? `<span class="failed">${failed} failed</span>` : "0 failed") +
    (inconclusive > 0 ? `, <span class="inconclusive">${inconclusive} inconclusive</span>` : "") +
    (skipped > 0 ? `, <span class="inconclusive">${skipped} skipped</span>` : "") +
    "</p>\n</header>\n<main>",
    failuresSection(scenarios),
    contents(scenarios),
    ...scenarios.map(scenarioSection),
    "</main>\n</body>\n</html>\n",
  ].join("\n");
}

function failuresSection(scenarios: readonly ReportScenario[]): string {
  const failed = scenarios.filter(({ failures }) => failures.length > 0);
  if (failed.length === 0) return "";
  const blocks = failed.map(({ name, failures, order }) =>
    `<h3><a href="#s${order}">${text(name)}</a></h3>\n` +
    failures.map((failure) => `<pre>${text(failure.text)}</pre>`).join("\n")
  );
  return `<section id="failures">\n<h2 class="failed">Failures</h2>\n${
    blocks.join("\n")
  }\n</section>`;
}

function contents(scenarios: readonly ReportScenario[]): string {
  const rows = scenarios.map(({ name, status, order, kernels, file, tags }) =>
    `<tr><td class="${status}">${status}</td><td><a href="#s${order}">${text(name)}</a></td>` +
    `<td>${text(kernels.map(({ kernel }) => kernel).join(", "))}</td>` +
    `<td>${text(tags.join(", "))}</td><td class="dim">${text(file)}</td></tr>`
  );
  const head = ["", "scenario", "kernels", "tags", "file"].map((word) => `<th>${word}</th>`);
  return `<nav>\n<table>\n<thead><tr>${head.join("")}</tr></thead>\n<tbody>\n${
    rows.join("\n")
  }\n</tbody>\n</table>\n</nav>`;
}

function scenarioSection(scenario: ReportScenario): string {
  const { order, name, file, about, status, reason, steps, kernels, timelines } = scenario;
  const list = steps.map((step) => `<li>${text(step)}</li>`).join("");
  const drawn = timelines.map(windowChart).join("\n");
  return [
    `<section id="s${order}">`,
    `<h2>${text(name)} <span class="${status}">${status}</span></h2>`,
    `<p class="dim">${text(file)}</p>\n<p>${text(about)}</p>`,
    reason === undefined ? "" : `<p>Skipped: ${text(reason)}</p>`,
    `<details><summary>${amount(steps.length, "step")}</summary><ol>${list}</ol></details>`,
    ...kernels.map(kernelBlock),
    timelines.length === 0 ? "" : `<h3>Windows over time, kernel ${text(timelines[0].kernel)}</h3>`,
    drawn,
    pagesBlock(scenario),
    "</section>",
  ].join("\n");
}

/** The page tables before and after each step, by policy. */
function pagesBlock({ steps, timelines }: ReportScenario): string {
  const shown = timelines.filter(({ pages }) => pages.length > 0);
  if (shown.length === 0) return "";
  const blocks = shown.map(({ policy, pages }) => {
    const rows = pages.map((page) => pageRows(page, steps[page.step] ?? ""));
    const head = ["step", "table of", "pages", "before", "after"].map((one) => `<th>${one}</th>`);
    return `<details><summary>${text(policy)}</summary>\n<table>\n<thead><tr>${
      head.join("")
    }</tr></thead>\n<tbody>\n${rows.join("\n")}\n</tbody>\n</table></details>`;
  });
  const title = `Page tables before and after each step, kernel ${text(shown[0].kernel)}`;
  return `<h3>${title}</h3>\n${blocks.join("\n")}`;
}

function pageRows({ step, changes, more }: ReportPageStep, label: string): string {
  const rows = changes.map(({ table, where, before, after }, index) => {
    const title = index === 0 ? `${step + 1} ${text(label)}` : "";
    const cells = [table, where, before, after].map((cell) => `<td>${text(cell)}</td>`);
    return `<tr><td>${title}</td>${cells.join("")}</tr>`;
  });
  const rest = `<tr><td></td><td class="dim" colspan="4">and ${amount(more, "more run")}</td></tr>`;
  return [...rows, ...(more > 0 ? [rest] : [])].join("\n");
}

function kernelBlock(kernel: ReportKernel): string {
  const rows = kernel.runs.map(({ policy, status, time_ns, violations, seed }) =>
    `<tr><td>${text(policy)}</td><td class="${status}">${status}</td>` +
    `<td class="number">${timeText(time_ns)}</td><td class="number">${countText(violations)}</td>` +
    `<td class="number">${seed}</td></tr>`
  );
  const head = "<th>policy</th><th>result</th>" +
    ["time", "violations", "seed"].map((word) => `<th class="number">${word}</th>`).join("");
  return `<h3>Kernel ${
    text(kernel.kernel)
  }</h3>\n<table>\n<thead><tr>${head}</tr></thead>\n<tbody>${rows.join("\n")}</tbody>\n</table>\n${
    kernel.listeners.map((listener) => listenerBlock(listener, kernel.columns)).join("\n")
  }`;
}

function listenerBlock(listener: ReportListener, columns: readonly string[]): string {
  const { name, kind, process, verdicts, counters } = listener;
  const rows = Object.entries(counters).map(([counter, values]) =>
    counterRow(counter, values, columns)
  );
  const last = comparedColumn(columns);
  const names = [...columns, `${columns[last]}/${columns[0]}`];
  const head = names.map((one) => `<th class="number">${text(one)}</th>`).join("");
  return [
    `<h4>${text(name)}: ${text(kind)} of ${text(process)}</h4>`,
    ...verdicts.map((verdict) => `<p>${text(verdict)}</p>`),
    counterChart(listener, columns),
    rows.length === 0 ? '<p class="dim">nothing happened to it</p>' : "<details open>" +
      `<summary>Counters</summary>\n<table>\n<thead><tr><th></th>${head}<th></th></tr></thead>\n` +
      `<tbody>\n${rows.join("\n")}\n</tbody>\n</table></details>`,
  ].join("\n");
}

function counterRow(counter: string, values: readonly number[], columns: readonly string[]) {
  const meaning = Object.entries(COUNTER_MEANINGS).find(([name]) => name === counter)?.[1] ?? "";
  const cells = values.map((value) => counter === "time_ns" ? timeText(value) : countText(value));
  const change = changeText(values[comparedColumn(columns)] ?? 0, values[0] ?? 0);
  const numbers = [...cells, change].map((cell) => `<td class="number">${text(cell)}</td>`);
  return `<tr><th>${text(counterLabel(counter))}</th>${numbers.join("")}` +
    `<td class="dim">${text(meaning)}</td></tr>`;
}

/** The column that is held against the first: ideal, or the last. */
function comparedColumn(columns: readonly string[]): number {
  const ideal = columns.lastIndexOf("ideal");
  return ideal >= 0 ? ideal : columns.length - 1;
}
