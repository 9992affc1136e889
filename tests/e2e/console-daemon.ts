import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@innkeeper/kit/testing';

const root = join(import.meta.dirname, '..', '..');
/** Build inputs of images, kept across test runs. */
const keptCache = join(root, '.cache', 'e2e-data', 'cache');

/** How long a daemon may take to start on a machine with much else to do. */
const readyMs = 120_000;

/** A daemon with a TCP port and its own data folder. */
export interface ConsoleDaemon extends AsyncDisposable {
  readonly url: string;
  readonly dataDirectory: string;
  /** Calls the API over the unix socket, as administrator. */
  call<T>(method: string, body: object): Promise<T>;
  /** Returns path and fragment of a one-time login link. */
  loginPath(user: string): Promise<string>;
  /** Builds the image "tiny", which takes a minute if its inputs are not cached. */
  addTinyImage(): Promise<void>;
  /** Creates a VM from that image, starts it and waits for its agent. */
  createVm(name: string, tags?: Record<string, string>): Promise<void>;
  /** Starts a VM and waits for its agent. */
  startVm(name: string): Promise<void>;
  /** Kills the daemon; VMs keep running. */
  pause(): Promise<void>;
  /** Starts the daemon again on the same port, with further arguments. */
  resume(...args: string[]): Promise<void>;
  log(): string;
}

export async function startConsoleDaemon(): Promise<ConsoleDaemon> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'innkeeper-e2e-'));
  mkdirSync(keptCache, { recursive: true });
  symlinkSync(keptCache, join(dataDirectory, 'cache'));
  const port = await freePort();
  const socketPath = join(dataDirectory, 'innkeeper.sock');
  let log = '';
  let child = start();
  // A daemon that stays would keep the test's process from ending.
  await untilReady().catch(async (error: unknown) => {
    await stop(child, 'SIGKILL');
    throw error;
  });
  const call = async <T>(method: string, body: object): Promise<T> => {
    const { status, text } = await post(
      socketPath,
      method.startsWith('/') ? method : `/innkeeper.control.v1.${method}`,
      JSON.stringify(body),
    );
    if (status !== 200) throw new Error(`${method} returned ${status}: ${text}`);
    return JSON.parse(text) as T;
  };
  const finished = async (id: string): Promise<void> => {
    const isOver = async (): Promise<boolean> => {
      const { state, errorMessage } = await call<{ state: string; errorMessage?: string }>(
        'OperationService/GetOperation',
        { id },
      );
      if (state === 'OPERATION_STATE_SUCCEEDED') return true;
      if (state !== 'OPERATION_STATE_RUNNING') throw new Error(`the operation failed: ${state} ${errorMessage ?? ''}`);
      return false;
    };
    await until(isOver, { withinMs: 300_000, everyMs: 100, what: `the end of operation ${id}` });
  };
  const run = async (method: string, body: object): Promise<void> =>
    finished((await call<{ id: string }>(method, body)).id);
  const untilReporting = async (vm: string): Promise<void> => {
    const isReporting = async (): Promise<boolean> => {
      const { agent, telemetry } = await call<{ agent?: { state: string }; telemetry?: object }>('VmService/GetVm', {
        vm,
      });
      return agent?.state === 'AGENT_STATE_CONNECTED' && telemetry !== undefined;
    };
    await until(isReporting, { withinMs: 300_000, everyMs: 100, what: `the agent of ${vm}` });
  };
  /** Also when a test ended while an operation of the VM was running. */
  const deleteVm = async (id: string): Promise<void> => {
    for (const untilMs = performance.now() + 60_000; ; await delay(200)) {
      try {
        await run('VmService/DeleteVm', { vm: id, force: true });
        return;
      } catch (error) {
        if (!String(error).includes('VM_BUSY') || performance.now() > untilMs) throw error;
      }
    }
  };
  return {
    url: `http://127.0.0.1:${port}`,
    dataDirectory,
    call,
    loginPath: async (user) => (await call<{ path: string }>('AccessService/CreateLoginLink', { user })).path,
    addTinyImage: () => run('ImageService/BuildImage', { kind: 'tiny' }),
    createVm: async (name, tags = {}) => {
      await run('VmService/CreateVm', {
        name,
        image: 'tiny',
        cpus: 1,
        memoryBytes: `${192 * 1024 * 1024}`,
        tags,
        start: true,
      });
      await untilReporting(name);
    },
    startVm: async (name) => {
      await run('VmService/StartVm', { vm: name });
      await untilReporting(name);
    },
    pause: () => stop(child, 'SIGKILL'),
    resume: async (...args) => {
      child = start(args);
      await untilReady();
    },
    log: () => log,
    [Symbol.asyncDispose]: async () => {
      try {
        const { vms = [] } = await call<{ vms?: { id: string }[] }>('VmService/ListVms', {});
        await Promise.all(vms.map(({ id }) => deleteVm(id)));
      } finally {
        // A daemon that stays would keep the test's process from ending.
        await stop(child, 'SIGTERM');
      }
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };

  function start(args: readonly string[] = []): ChildProcess {
    const main = join(root, 'apps', 'innkeeper', 'src', 'main.ts');
    const process_ = spawn(
      process.execPath,
      [main, 'serve', '--data', dataDirectory, '--listen', `127.0.0.1:${port}`, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const keep = (chunk: Buffer): void => {
      log = (log + chunk.toString()).slice(-64 * 1024);
    };
    process_.stdout?.on('data', keep);
    process_.stderr?.on('data', keep);
    return process_;
  }

  async function untilReady(): Promise<void> {
    for (const deadline = performance.now() + readyMs; performance.now() < deadline; await delay(50)) {
      if (child.exitCode !== null) throw new Error(`The daemon exited with code ${child.exitCode}: ${log}`);
      try {
        await post(socketPath, '/innkeeper.control.v1.NodeService/GetNode', '{}');
        return;
      } catch {
        // Not listening yet.
      }
    }
    throw new Error(`The daemon was not ready within ${readyMs} ms: ${log}`);
  }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await ended;
}

function post(socketPath: string, path: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const call = request({ socketPath, method: 'POST', path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
