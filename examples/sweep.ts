// deno-lint-ignore-file no-console
/**
 * A parameter sweep: what KSM costs a guest per policy, by the number of equal pages, as a chart.
 *
 *     deno run -R -W examples/sweep.ts sweep.svg
 */

import { comparePolicies, parseScenario } from "@mmulab/mmulab/scenario";

const SIZES = [8, 16, 32, 64, 128, 256];
const COLOURS: Readonly<Record<string, string>> = {
  legacy: "#c0392b",
  followup: "#2471a3",
  ideal: "#1e8449",
};

/** Time that the guest loses to invalidations, in µs, by policy, for each size. */
function measure(source: string): { policy: string; times: number[] }[] {
  const comparisons = SIZES.map((pages) => {
    const program = parseScenario(source, { variables: { pages } });
    return comparePolicies(program, { kernel: "v5-series" });
  });
  return comparisons[0].columns.map((policy) => ({
    policy,
    times: comparisons.map(({ listeners: [guest] }) => guest.counters.time_ns[policy] / 1000),
  }));
}

/** A chart of lines; the widths of both axes are linear. */
function chart(lines: readonly { policy: string; times: readonly number[] }[]): string {
  const [width, height, margin] = [640, 400, 60];
  const most = Math.max(...lines.flatMap(({ times }) => times));
  const x = (pages: number) => margin + (pages / SIZES.at(-1)!) * (width - 2 * margin);
  const y = (time: number) => height - margin - (time / most) * (height - 2 * margin);
  const parts = lines.map(({ policy, times }, index) => {
    const points = times.map((time, at) => `${x(SIZES[at]).toFixed(1)},${y(time).toFixed(1)}`);
    const colour = COLOURS[policy];
    return `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.join(" ")}"/>
<text x="${margin + 10}" y="${margin + 20 * index}" fill="${colour}">${policy}: ` +
      `${times.at(-1)!.toFixed(0)} µs at ${SIZES.at(-1)} pages</text>`;
  });
  const ticks = SIZES.slice(2).map((pages) =>
    `<text x="${x(pages)}" y="${height - margin + 20}" text-anchor="middle">${pages}</text>`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}">
<g font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="white"/>
<path d="M${margin},${margin} V${height - margin} H${width - margin}" fill="none" stroke="black"/>
<text x="${width / 2}" y="${height - 15}" text-anchor="middle">equal pages of guest RAM</text>
<text x="${margin}" y="${margin - 25}">time spent because of invalidations, µs</text>
${[...parts, ...ticks].join("\n")}
</g>
</svg>
`;
}

if (import.meta.main) {
  const source = await Deno.readTextFile(
    new URL("../scenarios/ksm-merge-kvm.yaml", import.meta.url),
  );
  const lines = measure(source);
  for (const { policy, times } of lines) console.log(policy, times.join(" "));
  await Deno.writeTextFile(Deno.args[0] ?? "sweep.svg", chart(lines));
}
