import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const rule = `\n\n${'-'.repeat(78)}\n\n`;

/** The copyright file of a package: of Innkeeper, and of every included npm package, Node and QuickJS. */
export function licences(root: string, nodePackage: string): string {
  const packages = [...npmPackages(root), nodePackage].sort().map((folder) => describe(join(root, folder)));
  const own =
    'Innkeeper is licensed under the Apache License, Version 2.0. It contains the following, each under its own terms.';
  return [own, ...packages, ...agentParts(root)].join(rule);
}

/** The copyright file of the agent's own package. */
export function agentLicences(root: string): string {
  const own =
    'The Innkeeper guest agent is licensed under the Apache License, Version 2.0. It contains the following, each under its own terms.';
  return [own, ...agentParts(root)].join(rule);
}

/** What is linked into the agent: sources that its build has unpacked, and musl. */
function agentParts(root: string): string[] {
  const cache = join(root, '.cache/agent');
  const sources = readdirSync(cache)
    .filter((name) => /^(quickjs|tinyssh)-[\d-]+$/.test(name))
    .map((name) => {
      const file = readdirSync(join(cache, name)).find((each) => /^licen[sc]e/i.test(each));
      if (file === undefined) throw new Error(`${name} has no licence.`);
      return `${name} (in the agent)\n\n${readFileSync(join(cache, name, file), 'utf8')}`;
    });
  const musl = 'musl (in the agent)\n\nCopyright © 2005-2020 Rich Felker, et al. MIT license: https://musl.libc.org\n';
  return [...sources.sort(), musl];
}

/** Folders of all npm packages on which the programs depend, directly or indirectly. */
function npmPackages(root: string): string[] {
  const workspaces = ['apps', 'packages'].flatMap((area) =>
    readdirSync(join(root, area)).map((name) => join(area, name)),
  );
  const found = new Set<string>();
  const follow = (from: string): void => {
    for (const name of Object.keys(manifest(join(root, from)).dependencies ?? {})) {
      const nested = join(from, 'node_modules', name);
      const folder = existsSync(join(root, nested)) ? nested : join('node_modules', name);
      if (name.startsWith('@innkeeper/') || found.has(folder) || !existsSync(join(root, folder))) continue;
      found.add(folder);
      follow(folder);
    }
  };
  for (const workspace of workspaces) if (existsSync(join(root, workspace, 'package.json'))) follow(workspace);
  return [...found];
}

function describe(folder: string): string {
  const { name, version, license } = manifest(folder);
  const file = readdirSync(folder).find((each) => /^licen[sc]e/i.test(each));
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim();
  return `${name} ${version}: ${license ?? 'see below'}\n\n${text}`;
}

function manifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}
