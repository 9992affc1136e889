import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { killOnAbort } from './abort.ts';

/** Addresses that the guest must not reach: the host's loopback and own address, and cloud metadata services. */
export const hostPort = 7000;
export const addresses = {
  own: '198.51.100.10',
  own6: '2001:db8::10',
  /** Addresses that represent the internet. */
  outside: '203.0.113.1',
  outside6: '2001:db8:1::1',
  metadata: '169.254.169.254',
  metadata6: 'fd00:ec2::254',
} as const;

const isRoot = process.getuid?.() === 0;
const unshare = ['unshare', ...(isRoot ? [] : ['--user', '--map-root-user']), '--net', '--mount', '--'];

/** Sets up a network whose packets never leave this machine: a dummy interface with addresses and default routes. */
const setUp = `ip link set lo up
ip link add out0 type dummy 2>/dev/null || ip link add out0 type bridge
ip link set out0 up
ip addr add ${addresses.own}/24 dev out0
for address in ${addresses.outside} ${addresses.metadata}; do ip addr add $address/32 dev lo; done
for address in ${addresses.outside6} ${addresses.metadata6}; do ip -6 addr add $address/128 dev lo nodad; done
ip -6 addr add ${addresses.own6}/64 dev out0 nodad
ip route add default via 198.51.100.1
ip -6 route add default via 2001:db8::1`;

/** Why network namespaces cannot be created here; undefined if they can. */
export function whyNoNamespace(): string | undefined {
  const [program = '', ...args] = [...unshare, 'sh', '-ec', setUp];
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return undefined;
  return `network namespaces cannot be created: ${error?.message ?? stderr.trim()}`;
}

/** A prefix that executes a command in such a network. `before` is a shell command that runs first. */
export function inNetwork(before = ''): string[] {
  return [...unshare, 'sh', '-ec', `${setUp}\n${before}\nexec "$@"`, 'sh'];
}

/** A prefix that executes a command in the network of a process. */
export function enterNetworkOf(pid: number): string[] {
  return ['nsenter', '-t', `${pid}`, '-n', '-m', ...(isRoot ? [] : ['-U', '--preserve-credentials']), '--'];
}

const listen = `
const { createServer } = require('node:http');
const places = JSON.parse(process.argv[1]);
let left = places.length;
for (const [host, port] of places) {
  createServer((_, response) => response.end('reached ' + host + '\\n')).listen(port, host, () => {
    left -= 1;
    if (left === 0) console.log('ready');
  });
}`;

/** Starts HTTP servers on every address in a process's network; each responds "reached ADDRESS". */
export async function listenInNetworkOf(pid: number): Promise<ChildProcess & AsyncDisposable> {
  const { own, own6, outside, outside6, metadata, metadata6 } = addresses;
  const places = [
    ...['127.0.0.1', '::1', own, own6].map((host) => [host, hostPort]),
    ...[outside, outside6, metadata, metadata6].map((host) => [host, 80]),
  ];
  const enter = ['-t', `${pid}`, '-n', ...(isRoot ? [] : ['-U', '--preserve-credentials'])];
  const child = spawn('nsenter', [...enter, process.execPath, '-e', listen, JSON.stringify(places)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const forget = killOnAbort(child.pid ?? 0);
  await once(child.stdout, 'data');
  return Object.assign(child, {
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      forget();
    },
  });
}
