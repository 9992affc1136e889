import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { openConsole, type WebConsole } from './console.ts';

const root = join(import.meta.dirname, '..', '..');
/** Below the repository, so that the packages are found. */
const folder = join(root, '.cache', 'client-readme');
const timeoutMs = 90_000;

interface Example {
  readonly code: string;
  readonly path: string;
  readonly isForBrowsers: boolean;
}

/** What stands between the fences, each in a file of its own. */
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
  // What it finds is on its standard output, which the error of execFileSync shows.
  execFileSync(tsc, ['-p', join(folder, place)], { stdio: 'pipe', encoding: 'utf8' });
}

/** Each example runs on what those before have made; the one that removes the VM comes last. */
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

  it('compile', () => {
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
  const removesIt = ({ code }: Example): boolean => code.includes('vm.delete()');
  const makeToken = async (): Promise<{ readonly token: string }> => {
    const name = `readme ${performance.now()}`;
    const { secret } = await web.daemon.call<{ secret: string }>('AccessService/CreateToken', { name });
    return { token: secret };
  };

  it('run in Node: create, wait, run, copy', async () => {
    const printed = await run((example) => !removesIt(example));
    assert.match(printed, /^0 Linux /m);
    assert.match(printed, /^one\ntwo\n0\nhello\n/m);
    assert.match(printed, /^\/tmp\/app\/note 15n?$/m);
    assert.match(printed, /^kept by its VM$/m);
  });

  it('run in a browser', async () => {
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
      assert.match(await web.page.title(), /^seen by a page: \d+\./);
    }
    assert.deepEqual(web.faults, []);
  });

  it('run in Node: telemetry, events, and the end', async () => {
    const printed = await run(removesIt);
    assert.match(printed, /^vm\.stopped /m);
  });
});
