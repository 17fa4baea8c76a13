/**
 * The history of the prompt: a file in the user's data folder, where that is allowed.
 *
 * @module
 */

/** Most lines kept. */
const MAX_LINES = 1000;

/** Lines typed, last first, and the way to keep them. */
export interface History {
  /** The lines. */
  readonly lines: string[];
  /** Writes them to the file, if there may be one. */
  save(): void;
}

/**
 * Reads the history; without permission it begins empty and is forgotten.
 *
 * @returns The history.
 */
export function openHistory(): History {
  const file = historyFile();
  if (file === undefined) return { lines: [], save: () => {} };
  const lines = readLines(file);
  return {
    lines,
    save() {
      const text = lines.slice(0, MAX_LINES).toReversed().map((line) => `${line}\n`).join("");
      try {
        Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
        Deno.writeTextFileSync(file, text, { mode: 0o600 });
      } catch {
        // A history that cannot be kept is no reason to complain
      }
    },
  };
}

/** The file, if the environment may be asked for it, and the file be read and written. */
function historyFile(): string | undefined {
  const home = variable("HOME");
  const data = variable("XDG_DATA_HOME") ??
    (home === undefined ? undefined : `${home}/.local/share`);
  if (data === undefined) return undefined;
  const path = `${data}/mmulab/history`;
  const isAllowed = (["read", "write"] as const).every((name) =>
    Deno.permissions.querySync({ name, path }).state === "granted"
  );
  return isAllowed ? path : undefined;
}

function variable(name: string): string | undefined {
  if (Deno.permissions.querySync({ name: "env", variable: name }).state !== "granted") {
    return undefined;
  }
  return Deno.env.get(name) || undefined;
}

function readLines(file: string): string[] {
  try {
    return Deno.readTextFileSync(file).split("\n").filter(Boolean).toReversed();
  } catch {
    return [];
  }
}
