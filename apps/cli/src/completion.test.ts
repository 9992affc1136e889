import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { loadCommands } from './lazy-commands.ts';
import { buildProgram } from './program.ts';
import { runInn } from './testing/run-inn.ts';

/** A stand-in for inn, which takes a quarter of a second to start each time. */
const inn = `#!/bin/sh
[ -z "$NO_DAEMON" ] || exit 1
case "$*" in
'ls -o name') printf 'web-1\\n$(touch pwned)\\n\`touch\${IFS}pwned\`\\nweb-2\\n';;
'image ls -o name') echo tiny;;
esac
`;
const run = promisify(execFile);

/** A script for each shell that prints the completions after some words; the last word may be incomplete. */
const shells: readonly { readonly name: string; readonly ask: (script: string, words: readonly string[]) => string }[] =
  [
    {
      name: 'bash',
      ask: (script, words) =>
        `source ${script}; COMP_WORDS=(inn ${quoted(words)}); COMP_CWORD=${words.length}; _inn; printf '%s\\n' "\${COMPREPLY[@]}"`,
    },
    {
      name: 'zsh',
      // Stand-ins for the completion functions, which only a line editor has.
      ask: (script, words) =>
        `compdef() { : }; _files() { : }; compadd() { shift; print -l -- "$@" }; source ${script}; words=(inn ${quoted(words)}); CURRENT=${words.length + 1}; _inn`,
    },
    {
      name: 'fish',
      ask: (script, words) => `source ${script}; complete -C ${quoted([`inn ${words.join(' ')}`])} | cut -f1`,
    },
  ];

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' ');
}

/** Commands whose first argument is a VM. */
function verbsOfVms(command: Command, before: readonly string[] = []): (readonly string[])[] {
  return command.commands.flatMap((each) => {
    const words = [...before, each.name()];
    const takesVm = each.registeredArguments[0]?.name() === 'vm';
    return [...(takesVm ? [words] : []), ...verbsOfVms(each, words)];
  });
}

// zsh and fish are tested if they are installed.
for (const { name, ask } of shells.filter((shell) => existsSync(`/usr/bin/${shell.name}`))) {
  describe(`completion in ${name}`, () => {
    let folder: string;
    let environment: Record<string, string>;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'inn-completion-'));
      await writeFile(join(folder, 'inn'), inn, { mode: 0o755 });
      const { stdout } = await runInn('/nonexistent', ['completion', name]);
      await writeFile(join(folder, 'completion'), stdout);
      environment = { PATH: `${folder}:${process.env['PATH']}`, HOME: folder };
    });
    after(() => rm(folder, { recursive: true, force: true }));

    const completions = async (words: readonly string[]): Promise<string[]> => {
      const script = ask(join(folder, 'completion'), words);
      const flags = name === 'zsh' ? ['-f'] : [];
      const { stdout } = await run(name, [...flags, '-c', script], { env: environment, cwd: folder });
      return stdout.split('\n').filter((line) => line !== '');
    };

    it(`${name} completes all commands, and those of each group`, async () => {
      const { commands } = buildProgram();
      const seen = new Set(await completions(['']));
      for (const command of commands) assert.ok(seen.has(command.name()), command.name());
      for (const group of commands.filter((each) => each.commands.length > 0)) {
        const inner = new Set(await completions([group.name(), '']));
        for (const verb of group.commands) assert.ok(inner.has(verb.name()), `${group.name()} ${verb.name()}`);
      }
    });

    it(`${name} completes VMs for every command that takes one`, async () => {
      const program = buildProgram();
      await loadCommands(program);
      const verbs = verbsOfVms(program);
      assert.ok(verbs.length > 10);
      for (const words of verbs) {
        const seen = await completions([...words, '']);
        assert.ok(seen.includes('web-1') && seen.includes('web-2'), `${words.join(' ')}: ${seen}`);
      }
    });

    it(`${name} does not run commands in the name of a VM`, async () => {
      assert.ok((await completions(['stop', ''])).includes('web-2'));
      assert.ok((await completions(['run', '--on', ''])).includes('web-2'));
      assert.ok(!existsSync(join(folder, 'pwned')));
    });

    it(`${name} completes images for image commands, and options after a dash`, async () => {
      assert.ok((await completions(['image', 'rm', ''])).includes('tiny'));
      assert.ok((await completions(['wait', '--'])).includes('--for'));
    });

    it(`${name} completes no VM and does not fail if no daemon answers`, async () => {
      environment = { ...environment, NO_DAEMON: '1' };
      assert.ok(!(await completions(['stop', ''])).includes('web-1'));
    });
  });
}
