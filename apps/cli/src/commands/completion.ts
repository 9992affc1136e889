import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';

/** `inn completion SHELL`: commands from our own table; VM names asked of the daemon while one types. */
export async function run(command: Command, shell: string): Promise<void> {
  const names = (command.parent?.commands ?? []).map((each) => each.name()).join(' ');
  const scripts: Record<string, string> = {
    bash: `_inn() { local cur=\${COMP_WORDS[COMP_CWORD]}; if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${names}" -- "$cur")); else COMPREPLY=($(compgen -W "$(inn ls -o name 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur")); fi; }\ncomplete -F _inn inn\n`,
    zsh: `#compdef inn\n_inn() { if (( CURRENT == 2 )); then compadd ${names}; else compadd -- $(inn ls -o name 2>/dev/null); _files; fi }\ncompdef _inn inn\n`,
    fish: `complete -c inn -n __fish_use_subcommand -f -a "${names}"\ncomplete -c inn -n "not __fish_use_subcommand" -a "(inn ls -o name 2>/dev/null)"\n`,
  };
  const script = scripts[shell];
  if (script === undefined) throw new CliError(`"${shell}" is not known; there are bash, zsh and fish`);
  process.stdout.write(script);
}
