import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { openConsole, type WebConsole } from './console.ts';

const root = join(import.meta.dirname, '..', '..');
/** Inside the repository, so that imports of its packages resolve. */
const folder = join(root, '.cache', 'client-readme');
const timeoutMs = 90_000;

interface Example {
  readonly code: string;
  readonly path: string;
  readonly isForBrowsers: boolean;
}

/** Writes each code block of the README to its own file. */
function examples(): Example[] {
  const text = readFileSync(join(root, 'packages', 'client', 'README.md'), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ''], index) => {
    const isForBrowsers = code.includes('@innkeeper/client/browser');
    const place = join(folder, isForBrowsers ? 'browser' : 'node');
    mkdirSync(place, { recursive: true });
    const path = join(place, `example-${index + 1}.ts`);
    writeFileSync(path, code);
    return { code, path, isForBrowsers };
  });
}

function compile(place: 'node' | 'browser', compilerOptions: object): void {
  const config = { extends: join(root, 'tsconfig.base.json'), compilerOptions, include: ['*.ts'] };
  writeFileSync(join(folder, place, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  // Its findings are on standard output, which the error of execFileSync includes.
  execFileSync(tsc, ['-p', join(folder, place)], { stdio: 'pipe', encoding: 'utf8' });
}

/** Each example builds on the previous ones; the one that deletes the VM comes last. */
describe('the examples of @innkeeper/client', () => {
  let web: WebConsole;
  let all: Example[];
  before(async () => {
    rmSync(folder, { recursive: true, force: true });
    all = examples();
    assert.ok(all.length >= 5);
    web = await openConsole();
    await web.daemon.addTinyImage();
  });
  after(() => web[Symbol.asyncDispose]());

  it('the examples in the README of @innkeeper/client compile', () => {
    compile('node', { types: ['node'], typeRoots: [join(root, 'node_modules', '@types')] });
    compile('browser', { lib: ['es2024', 'dom', 'dom.iterable', 'dom.asynciterable', 'esnext.disposable'] });
  });

  const run = async (isWanted: (example: Example) => boolean): Promise<string> => {
    const { token } = await makeToken();
    let printed = '';
    for (const { path } of all.filter((example) => !example.isForBrowsers && isWanted(example))) {
      const env = {
        ...process.env,
        INNKEEPER_URL: web.daemon.url,
        INNKEEPER_TOKEN: token,
        INNKEEPER_SOCKET: join(web.daemon.dataDirectory, 'innkeeper.sock'),
      };
      printed += (await promisify(execFile)(process.execPath, [path], { env, timeout: timeoutMs })).stdout;
    }
    return printed;
  };
  const deletesVm = ({ code }: Example): boolean => code.includes('vm.delete()');
  const makeToken = async (): Promise<{ readonly token: string }> => {
    const name = `readme ${performance.now()}`;
    const { secret } = await web.daemon.call<{ secret: string }>('AccessService/CreateToken', {
      name,
      privileges: ['*'],
    });
    return { token: secret };
  };

  it('the README examples for Node run: create, wait, exec, copy, terminal', async () => {
    const printed = await run((example) => !deletesVm(example));
    assert.match(printed, /^0 Linux /m);
    assert.match(printed, /^one\ntwo\n0\nhello\n/m);
    assert.match(printed, /^\/tmp\/app\/note 17n?$/m);
    assert.match(printed, /^stored in the VM$/m);
  });

  it('the README example for browsers runs in a page', async () => {
    for (const { path } of all.filter(({ isForBrowsers }) => isForBrowsers)) {
      const { outputFiles } = await build({
        entryPoints: [path],
        bundle: true,
        write: false,
        format: 'esm',
        platform: 'browser',
        target: 'es2024',
        logLevel: 'silent',
        absWorkingDir: root,
      });
      const script = outputFiles[0]?.text ?? '';
      await web.page.evaluate(`(async () => { ${script} })()`);
      assert.match(await web.page.title(), /^written by a page: \d+\./);
    }
    assert.deepEqual(web.faults, []);
  });

  it('the README example for Node with telemetry, events and deletion runs', async () => {
    const printed = await run(deletesVm);
    assert.match(printed, /^vm\.stopped /m);
  });
});
