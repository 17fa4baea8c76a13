/** Streams that keep what is written, and a command line on them in this process. */

import { runCommandLine } from "../../lib/cli/main.ts";
import type { TextStream } from "../../lib/cli/output.ts";
import { PLAIN } from "../../lib/report/palette.ts";

/** A stream that keeps what is written. */
export interface KeptStream extends TextStream {
  /** All that was written. */
  text: string;
}

/** Makes a stream. */
export function keptStream(isTerminal = false): KeptStream {
  const stream: KeptStream = {
    text: "",
    palette: PLAIN,
    isTerminal,
    write(text) {
      stream.text += text;
    },
  };
  return stream;
}

/** Runs a command line in this process. */
export async function run(...args: string[]) {
  const [out, err] = [keptStream(), keptStream()];
  const code = await runCommandLine(args, { streams: { out, err } });
  return { code, stdout: out.text, stderr: err.text };
}
