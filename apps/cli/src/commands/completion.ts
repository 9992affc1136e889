import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { loadCommands } from '../lazy-commands.ts';

/** A command, or a group of commands such as `inn runs`. */
interface Verb {
  readonly name: string;
  readonly options: readonly string[];
  readonly verbs: readonly Verb[];
  /** Command that lists the names or ids that it takes. */
  readonly list: string;
}

/**
 * `inn completion SHELL`: a script with the names and options of all commands. Names of VMs, and ids in groups such as
 * `inn runs`, it requests from the daemon while the user types.
 */
export const command = defineCommand({
  arguments: '<shell>',
  options: [],
  async run({ command: { parent } }, shell) {
    const scripts: Readonly<Record<string, (verbs: readonly Verb[]) => string>> = { bash, zsh, fish };
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
    if (script === undefined || parent === null)
      throw new CliError(`There are no completions for "${shell}", only for bash, zsh and fish.`);
    await loadCommands(parent);
    process.stdout.write(script(verbsOf(parent.commands)));
  },
});

function verbsOf(commands: readonly Command[]): Verb[] {
  return commands.map((each) => {
    const verbs = verbsOf(each.commands);
    // `inn files ls` lists something of a VM, and the commands of `files` begin with one.
    const isList = each.commands.some(
      (inner) => inner.name() === 'ls' && !inner.registeredArguments.some(({ required }) => required),
    );
    return {
      name: each.name(),
      verbs,
      list: isList ? `inn ${each.name()} ls -o name` : 'inn ls -o name',
      options: each.options.flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined)),
    };
  });
}

function names(verbs: readonly Verb[]): string {
  return verbs.map(({ name }) => name).join(' ');
}

/** Branches of a `case` over "VERB" or "GROUP VERB", for bash and zsh. */
function branches(verbs: readonly Verb[]): string {
  return verbs
    .flatMap((verb) =>
      verb.verbs.length === 0 ? [['', verb] as const] : verb.verbs.map((each) => [verb.name, each] as const),
    )
    .map(([group, { name, options }]) => `    "${`${group} ${name}`.trim()}") flags="${options.join(' ')}";;\n`)
    .join('');
}

/** Sets `verb`, `list`, `inner` (the verbs of a group) and `flags`, for bash and zsh. */
function lookup(verbs: readonly Verb[]): string {
  const groups = verbs.filter((verb) => verb.verbs.length > 0);
  const branch = (verb: Verb): string =>
    `    ${verb.name}) inner="${names(verb.verbs)}"; list="${verb.list}"; verb="$one $two";;\n`;
  return `  case "$one" in\n${groups.map(branch).join('')}  esac\n  case "$verb" in\n${branches(verbs)}  esac\n`;
}

/** Filter for names: bash expands the words of `compgen -W`, so a name with a `$(…)` in it would be run. */
const plainNames = `grep -x '[A-Za-z0-9._:@-]*'`;

function bash(verbs: readonly Verb[]): string {
  return `_inn() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} one=\${COMP_WORDS[1]} two=\${COMP_WORDS[2]}
  local verb=$one list="inn ls -o name" inner= flags=
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${names(verbs)}" -- "$cur")); return; fi
${lookup(verbs)}  if [ -n "$inner" ] && [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "$inner" -- "$cur")); return; fi
  case "$cur" in -*) COMPREPLY=($(compgen -W "$flags" -- "$cur")); return;; esac
  if [ "$before" = --on ]; then COMPREPLY=($(compgen -W "$(inn ls -o name 2>/dev/null | ${plainNames})" -- "$cur")); return; fi
  COMPREPLY=($(compgen -W "$($list 2>/dev/null | ${plainNames})" -- "$cur") $(compgen -f -- "$cur"))
}
complete -F _inn inn
`;
}

function zsh(verbs: readonly Verb[]): string {
  // `path` is a special variable of zsh, and `words` one of its completion.
  return `#compdef inn
_inn() {
  local one=$words[2] two=$words[3] before=$words[CURRENT-1] cur=$words[CURRENT]
  local verb=$one list="inn ls -o name" inner="" flags=""
  if (( CURRENT == 2 )); then compadd -- ${names(verbs)}; return; fi
${lookup(verbs)}  if [[ -n $inner ]] && (( CURRENT == 3 )); then compadd -- \${=inner}; return; fi
  if [[ $cur == -* ]]; then compadd -- \${=flags}; return; fi
  [[ $before == --on ]] && list="inn ls -o name"
  compadd -- $(eval $list 2>/dev/null)
  _files
}
compdef _inn inn
`;
}

function fish(verbs: readonly Verb[]): string {
  const groups = verbs.filter((verb) => verb.verbs.length > 0);
  const flags = ({ options }: Verb, condition: string): string =>
    options
      .map(
        (flag) =>
          `complete -c inn -n "${condition}" ${flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`}\n`,
      )
      .join('');
  const seen = (name: string): string => `__fish_seen_subcommand_from ${name}`;
  return [
    `complete -c inn -n __fish_use_subcommand -f -a "${names(verbs)}"\n`,
    ...verbs.filter((verb) => verb.verbs.length === 0).map((verb) => flags(verb, seen(verb.name))),
    ...groups.map(({ name, verbs: inner, list }) =>
      [
        `complete -c inn -n "${seen(name)}; and not ${seen(names(inner))}" -f -a "${names(inner)}"\n`,
        `complete -c inn -n "${seen(name)}; and ${seen(names(inner))}" -a "(${list} 2>/dev/null)"\n`,
        ...inner.map((verb) => flags(verb, `${seen(name)}; and ${seen(verb.name)}`)),
      ].join(''),
    ),
    `complete -c inn -n "not __fish_use_subcommand; and not ${seen(names(groups))}" -a "(inn ls -o name 2>/dev/null)"\n`,
  ].join('');
}
