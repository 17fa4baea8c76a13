/**
 * Completion scripts for shells, from the commands and their options.
 *
 * @module
 */

/** A command and the options that it has. */
export interface CompletedCommand {
  /** Its name. */
  readonly name: string;
  /** Its options as they are typed, such as `--json`. */
  readonly options: readonly string[];
}

/** The shells that there are scripts for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** Name of a shell. */
export type Shell = typeof SHELLS[number];

/**
 * Writes a completion script; what is no command and no option is completed as a file.
 *
 * @param shell The shell.
 * @param commands The commands.
 * @returns A script that ends in a newline.
 */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  const lines = shell === "fish" ? fish(commands) : bash(commands, shell);
  return lines.join("\n") + "\n";
}

/** Bash, which zsh understands by way of bashcompinit. */
function bash(commands: readonly CompletedCommand[], shell: Shell): string[] {
  const names = commands.map(({ name }) => name).join(" ");
  return [
    ...(shell === "zsh" ? ["autoload -U +X bashcompinit && bashcompinit"] : []),
    "_mmulab() {",
    '  local word="${COMP_WORDS[COMP_CWORD]}" options=""',
    '  case "${COMP_WORDS[1]}" in',
    ...commands.map(({ name, options }) => `    ${name}) options="${options.join(" ")}" ;;`),
    "  esac",
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    COMPREPLY=($(compgen -W "${names}" -- "$word"))`,
    '  elif [ "${word#-}" != "$word" ]; then',
    '    COMPREPLY=($(compgen -W "$options" -- "$word"))',
    "  else",
    '    COMPREPLY=($(compgen -f -- "$word"))',
    "  fi",
    "}",
    "complete -F _mmulab mmulab",
  ];
}

function fish(commands: readonly CompletedCommand[]): string[] {
  return commands.flatMap(({ name, options }) => [
    `complete -c mmulab -n __fish_use_subcommand -f -a ${name}`,
    ...options.filter((option) => option.startsWith("--")).map((option) =>
      `complete -c mmulab -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`
    ),
  ]);
}
