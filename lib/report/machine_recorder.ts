/**
 * Recording a machine that no scenario drives, for trace files.
 *
 * @module
 */

import { Recording } from "../compare/recording.ts";
import { labelOf } from "../machine/arguments.ts";
import type { Machine } from "../machine/machine.ts";
import type { TracedRun } from "./trace_events.ts";

/**
 * Records what a machine does, until it is finished.
 *
 * @example
 * ```ts
 * import { MachineRecorder } from "./machine_recorder.ts";
 * import { renderTrace } from "./render_trace.ts";
 * import { Machine } from "../machine/machine.ts";
 * import { perform } from "../machine/perform.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const machine = new Machine();
 * const recorder = new MachineRecorder(machine);
 * perform(machine, "wait", { time: 1e6 });
 * const { traceEvents } = JSON.parse(renderTrace("perfetto", [recorder.finish()]));
 * const { name, dur } = traceEvents.find(({ ph }: { ph: string }) => ph === "X");
 * assertEquals([name, dur], ["wait", 1000]);
 * ```
 */
export class MachineRecorder {
  readonly #machine: Machine;
  readonly #name: string;
  readonly #recording: Recording;
  readonly #steps: { readonly label: string }[] = [];
  readonly #stop: () => void;
  #traced: TracedRun | undefined;

  /**
   * Begins to record.
   *
   * @param machine The machine, between two operations.
   * @param name What the trace calls it.
   */
  constructor(machine: Machine, name = "machine") {
    this.#machine = machine;
    this.#name = name;
    this.#recording = new Recording(machine);
    this.#stop = machine.host.trace.subscribe(({ kind }) => {
      if (kind === "operation_begin") this.#begin();
    });
  }

  /**
   * Ends the recording.
   *
   * @returns What was recorded, for `renderTrace`; its policies are those of the listeners.
   */
  finish(): TracedRun {
    return this.#traced ??= this.#end();
  }

  #begin(): void {
    const { doing } = this.#machine;
    this.#recording.beginStep(this.#steps.length);
    this.#steps.push({ label: doing === undefined ? "" : labelOf(doing.operation, doing.args) });
  }

  #end(): TracedRun {
    this.#stop();
    this.#recording.beginStep(this.#steps.length);
    const { host: { profile }, listeners } = this.#machine;
    const policies = new Set([...listeners.values()].map(({ policy }) => policy.name));
    const policy = [...policies].join(", ") || "none";
    const run = this.#recording.finish({ kernel: profile.name, policy, steps: this.#steps });
    return { scenario: this.#name, file: this.#name, run };
  }
}
