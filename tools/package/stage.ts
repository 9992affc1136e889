import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadCommands } from '../../apps/cli/src/lazy-commands.ts';
import { buildProgram } from '../../apps/cli/src/program.ts';
import { installScriptFiles } from '../../packages/images/src/install-script.ts';
import { bundleWeb } from '../build-web/bundle-web.ts';
import { bundlePrograms } from './bundle.ts';
import { licences } from './licences.ts';
import { type ManSection, manPage } from './man-page.ts';

/** The folder of the programs in an installed package. */
const libraryFolder = 'usr/lib/innkeeper';

/** Builds everything that a package installs into `tree`, except for zsh completions, which `addZsh` adds. */
export async function stage(root: string, tree: string, version: string): Promise<void> {
  const library = join(tree, libraryFolder);
  const nodePackage = join('node_modules', `node-linux-${process.arch}`);
  const packaging = join(root, 'packaging');
  const write = (path: string, content: string | Buffer): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
  };
  const read = (path: string): string => readFileSync(join(packaging, path), 'utf8');
  await bundlePrograms(root, library);
  await bundleWeb(root, join(library, 'dist/web'));
  for (const name of readdirSync(join(root, 'dist/agent')).filter((each) => each.startsWith('innkeeper-agent-linux-')))
    cpSync(join(root, 'dist/agent', name), join(library, 'dist/agent', name));
  for (const name of new Set(['busybox', 'openrc', 'sysv', 'systemd/innkeeper-agent.service', ...installScriptFiles]))
    cpSync(join(packaging, name), join(library, 'packaging', name), { recursive: true });
  cpSync(join(root, nodePackage, 'bin/node'), join(library, 'bin/node'));
  for (const name of ['inn', 'innkeeper']) write(`usr/bin/${name}`, read('daemon/program.sh').replace('@NAME@', name));
  write('usr/lib/systemd/system/innkeeper.service', read('systemd/innkeeper.service'));
  write('usr/lib/systemd/user/innkeeper.service', read('systemd/innkeeper-user.service'));
  write('etc/innkeeper/innkeeper.conf', read('daemon/innkeeper.conf'));
  write('usr/share/doc/innkeeper/copyright', licences(root, nodePackage));
  const say = (program: string, ...words: string[]): string =>
    execFileSync(join(library, 'bin/node'), [join(library, 'bundle', `${program}.mjs`), ...words], {
      encoding: 'utf8',
    });
  write('usr/share/bash-completion/completions/inn', say('inn', 'completion', 'bash'));
  write('usr/share/fish/vendor_completions.d/inn.fish', say('inn', 'completion', 'fish'));
  const daemon = ['serve', 'node', 'control'].map((verb) => ({ title: verb, text: say('innkeeper', verb, '--help') }));
  const pages = [
    ['man1/inn.1', manPage('inn - the command line of Innkeeper', 1, version, await innSections())],
    ['man8/innkeeper.8', manPage('innkeeper - runs virtual machines with an agent inside', 8, version, daemon)],
  ] as const;
  for (const [path, page] of pages) write(`usr/share/man/${path}.gz`, gzipSync(page, { level: 9 }));
}

/** Adds zsh completions, whose folder differs by distribution. */
export function addZsh(tree: string, folder: string): void {
  const inn = [join(tree, libraryFolder, 'bundle/inn.mjs'), 'completion', 'zsh'];
  mkdirSync(join(tree, folder), { recursive: true });
  writeFileSync(join(tree, folder, '_inn'), execFileSync(process.execPath, inn));
}

/** The help of `inn` and of each command. */
async function innSections(): Promise<ManSection[]> {
  const program = buildProgram();
  await loadCommands(program);
  const sections = (command: typeof program, words: string): ManSection[] => [
    { title: words, text: command.helpInformation() },
    ...command.commands.flatMap((each) => sections(each, `${words} ${each.name()}`)),
  ];
  return sections(program, 'inn');
}
