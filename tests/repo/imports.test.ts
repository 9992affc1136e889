import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { describe, it } from 'node:test';
import { importsOf, sourceFiles } from './source-files.ts';

/**
 * The allowed imports between packages, with transitive ones written out. A package may always import itself.
 * Tests may import more, since they are not shipped.
 */
const mayImport: Record<string, readonly string[]> = {
  'packages/kit': [],
  'packages/tar': ['packages/kit'],
  'packages/images': ['packages/kit', 'packages/contract'],
  'packages/contract': ['packages/kit'],
  'packages/wire': ['packages/kit', 'packages/contract'],
  'packages/agent-core': ['packages/kit', 'packages/tar', 'packages/contract', 'packages/wire'],
  'packages/agent-client': ['packages/kit', 'packages/contract', 'packages/wire'],
  'packages/hypervisor': ['packages/kit', 'packages/contract', 'packages/wire'],
  'packages/store': ['packages/kit', 'packages/contract'],
  'packages/client': ['packages/kit', 'packages/tar', 'packages/contract'],
  'apps/agent': ['packages/kit', 'packages/tar', 'packages/contract', 'packages/wire', 'packages/agent-core'],
  'apps/innkeeper': [
    'packages/kit',
    'packages/tar',
    'packages/images',
    'packages/contract',
    'packages/wire',
    'packages/agent-client',
    'packages/hypervisor',
    'packages/store',
  ],
  'apps/web': ['packages/kit', 'packages/contract', 'packages/client'],
  'apps/cli': [
    'packages/kit',
    'packages/tar',
    'packages/contract',
    'packages/client',
    'packages/agent-client',
    'packages/wire',
  ],
};

const packageOf: Record<string, string> = {
  '@innkeeper/kit': 'packages/kit',
  '@innkeeper/tar': 'packages/tar',
  '@innkeeper/images': 'packages/images',
  '@innkeeper/contract': 'packages/contract',
  '@innkeeper/wire': 'packages/wire',
  '@innkeeper/agent-core': 'packages/agent-core',
  '@innkeeper/agent-client': 'packages/agent-client',
  '@innkeeper/hypervisor': 'packages/hypervisor',
  '@innkeeper/store': 'packages/store',
  '@innkeeper/client': 'packages/client',
  '@innkeeper/agent': 'apps/agent',
  '@innkeeper/cli': 'apps/cli',
  '@innkeeper/web': 'apps/web',
  innkeeper: 'apps/innkeeper',
};

/** Modules that must not be loaded at run time, with the reason. Imports of types are erased and allowed. */
const banned: readonly { readonly from: readonly string[]; readonly what: RegExp; readonly why: string }[] = [
  {
    from: ['packages/wire', 'packages/agent-core', 'apps/agent'],
    what: /^@bufbuild\/|^@innkeeper\/contract\/(agent|agent-message|control)$/,
    why: 'protobuf-es is not in the agent: docs/adr/0002-lite-codec.md',
  },
  {
    from: ['packages/kit', 'packages/contract', 'packages/wire', 'packages/agent-core', 'apps/agent'],
    what: /^node:/,
    why: 'these packages run in the guest and in browsers',
  },
  {
    from: ['apps/web'],
    what: /^node:|^@innkeeper\/client$|^@connectrpc\/connect-node$/,
    why: 'it runs in browsers: @innkeeper/client/browser is the part for them',
  },
];

function areaOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

describe('imports', () => {
  const files = sourceFiles().filter((file) => areaOf(file) in mayImport && !file.endsWith('.test.ts'));

  it('imports are found', () => {
    assert.ok(files.length > 50);
  });

  it('imports between packages follow the layout', () => {
    const wrong = files.flatMap((file) => {
      const area = areaOf(file);
      return importsOf(file)
        .map(({ specifier }) => ({
          specifier,
          target:
            packageOf[
              specifier
                .split('/')
                .slice(0, specifier.startsWith('@') ? 2 : 1)
                .join('/')
            ],
        }))
        .filter(({ target }) => target !== undefined && target !== area && !mayImport[area]?.includes(target))
        .map(({ specifier }) => `${file} imports ${specifier}`);
    });
    assert.deepEqual(wrong, []);
  });

  it('imports between the rooms of apps/innkeeper only point down', () => {
    const home = 'apps/innkeeper/src/';
    const levels = [['main'], ['api', 'relay'], ['node', 'edge'], ['access', 'audit'], ['ports']];
    const levelOf = (room: string): number => levels.findIndex((rooms) => rooms.includes(room));
    const roomOf = (path: string): string => path.slice(home.length).split('/')[0] ?? '';
    const wrong = files
      .filter((file) => file.startsWith(home) && levelOf(roomOf(file)) >= 0 && !/\/(testing|fake)\//.test(file))
      .flatMap((file) =>
        importsOf(file)
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(({ specifier }) => posix.join(posix.dirname(file), specifier))
          .filter((target) => roomOf(target) !== roomOf(file) && levelOf(roomOf(target)) <= levelOf(roomOf(file)))
          .map((target) => `${file} imports ${target}`),
      );
    assert.deepEqual(wrong, []);
    const outside = files.filter((file) => file.startsWith(home) && levelOf(roomOf(file)) < 0);
    assert.deepEqual(outside, [`${home}index.ts`, `${home}main.ts`], 'a folder without a room');
  });

  it('imports between files are not circular', () => {
    const targets = new Map(
      files.map((file) => [
        file,
        importsOf(file)
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(({ specifier }) => posix.join(posix.dirname(file), specifier)),
      ]),
    );
    const circles: string[] = [];
    const over = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' > '));
      else if (!over.has(file)) {
        for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
        over.add(file);
      }
    };
    for (const file of targets.keys()) visit(file, []);
    assert.deepEqual(circles, []);
  });

  it('relative imports stay within a package', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith('.'))
        .filter(({ specifier }) => !new URL(specifier, `file:///${file}`).pathname.startsWith(`/${areaOf(file)}/`))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('imports do not load modules that are banned in their package', () => {
    const wrong = files.flatMap((file) =>
      banned
        .filter(
          ({ from }) =>
            from.includes(areaOf(file)) &&
            !file.includes('/gen/') &&
            !isContractDoor(file) &&
            !file.startsWith('packages/kit/src/node/'),
        )
        .flatMap(({ what, why }) =>
          importsOf(file)
            .filter(({ specifier, typeOnly }) => !typeOnly && what.test(specifier))
            .map(({ specifier }) => `${file} loads ${specifier}: ${why}`),
        ),
    );
    assert.deepEqual(wrong, []);
  });
});

/** The entry points of packages/contract to the protobuf-es schemas, for the host side. */
function isContractDoor(file: string): boolean {
  return /^packages\/contract\/src\/(agent|control)\.ts$/.test(file);
}
