import { existsSync } from 'node:fs';
import { readFile, readlink, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { RunFiles } from './run-files.ts';

/**
 * The address where a guest reaches the daemon's guest port, and nothing else of the host. The same as in QEMU's user
 * network.
 */
export const guestHostAddress = '10.0.2.2';

/** The port as seen by the guest; the port on the host's loopback is chosen by the daemon. */
export const guestHostPort = 80;

/** Represents the host's first resolver inside a namespace if that only listens on loopback. TEST-NET-1. */
const resolverAddress = '192.0.2.53';

/**
 * Cloud metadata services with credentials, link-local, and multicast. Split into halves, so that they are more
 * specific than routes of the host's interface.
 */
const unreachable4 = ['169.254.0.0/17', '169.254.128.0/17', '168.63.129.16/32', '100.100.100.200/32', '192.0.0.192/32'];
const unreachable6 = ['fd00:ec2::/33', 'fd00:ec2:8000::/33', 'fd20:ce::254/128'];
const multicast4 = ['224.0.0.0/5', '232.0.0.0/5'];

/**
 * Becomes QEMU inside its own network namespace: $1 is the lock that it holds while it is alive, $2 a file to show as
 * /etc/resolv.conf or nothing. Without capabilities, so that it cannot undo the routes.
 */
const enterScript = `exec 9>"$1"
flock -w 5 9
[ -z "$2" ] || mount --bind "$2" /etc/resolv.conf
ip link set lo up
for network in ${[...unreachable4, ...multicast4].join(' ')}; do ip route add unreachable "$network"; done
if [ -e /proc/net/if_inet6 ]; then
	for network in ${unreachable6.join(' ')}; do ip -6 route add unreachable "$network"; done
fi
shift 2
exec setpriv --inh-caps=-all --bounding-set=-all -- "$@"`;

/**
 * Keeps pasta running while QEMU holds the lock $1, and ends with it, without a daemon. $2 is its pid file, $3 pasta's
 * log, emptied at each start. pasta exits at once on a host without a default route, so it is retried after 1 s, and
 * then less and less often, down to once a minute. kill is the shell's: as a program it is part of procps, which a small
 * system lacks.
 */
const joinScript = `echo $$ >"$2"
lock=$1 log=$3 pasta= rest=
shift 3
flock -s "$lock" sh -c 'kill "$1"' sh $$ &
watch=$!
trap 'kill $pasta $rest $watch 2>/dev/null; exit 0' TERM
pause=1
while :; do
	: >"$log"
	began=$(date +%s)
	"$@" 2>>"$log" &
	pasta=$!
	wait $pasta
	[ $(($(date +%s) - began)) -lt 60 ] || pause=1
	sleep $pause &
	rest=$!
	wait $rest
	pause=$((pause < 32 ? pause * 2 : 60))
done`;

export interface Invocation {
  readonly program: string;
  readonly args: readonly string[];
}

export interface NamespaceOptions {
  /** Locked by the program while it runs. */
  readonly lock: string;
  /** Shown as /etc/resolv.conf; undefined: the host's own. */
  readonly resolvConf: string | undefined;
}

/** A program to run in its own network namespace, by exec: the pid stays the same. */
export function inNamespace({ program, args }: Invocation, { lock, resolvConf }: NamespaceOptions): Invocation {
  const mount = resolvConf === undefined ? [] : ['--mount', '--propagation', 'slave'];
  const enter = ['sh', '-ec', enterScript, 'sh', lock, resolvConf ?? ''];
  return {
    program: 'unshare',
    args: ['--user', '--map-root-user', '--net', ...mount, '--', ...enter, program, ...args],
  };
}

export interface JoinOptions {
  readonly pid: number;
  readonly files: RunFiles;
  /** On the host's loopback; undefined: nothing of the host can be reached. */
  readonly guestPort: number | undefined;
  readonly isRoot: boolean;
}

/** The command that connects the namespace of a process to the host's network, while the process runs. */
export function joinNamespace({ pid, files, guestPort, isRoot }: JoinOptions): Invocation {
  const pasta = [
    ...['pasta', '--foreground', '--quiet', '--config-net'],
    // Nothing of the host's loopback, nothing into the guest …
    ...['--no-map-gw', '--tcp-ports', 'none', '--udp-ports', 'none', '--udp-ns', 'none'],
    // … except the port for guests.
    ...['--tcp-ns', guestPort === undefined ? 'none' : `${guestHostPort}:${guestPort}`],
    ...['--dns-forward', resolverAddress],
    // As root it would become nobody, which may not enter the namespace of a root process. It still drops everything
    // else.
    ...(isRoot ? ['--runas', '0:0'] : []),
    `${pid}`,
  ];
  const join = ['-c', joinScript, 'sh', files.networkLock, files.networkPid, files.networkLog];
  return { program: 'sh', args: [...join, ...pasta] };
}

/**
 * The file to show as /etc/resolv.conf in a namespace: one that points to the host's resolver through pasta if that is
 * on loopback, like systemd-resolved's; undefined if the host's own file works.
 */
export async function writeResolvConf(path: string, hostPath = '/etc/resolv.conf'): Promise<string | undefined> {
  const text = existsSync(hostPath) ? await readFile(hostPath, 'utf8') : '';
  if (!needsResolver(text)) return undefined;
  await writeFile(path, `nameserver ${resolverAddress}\n`, { mode: 0o644 });
  return path;
}

/** Whether every resolver of a resolv.conf(5) is on loopback. */
export function needsResolver(text: string): boolean {
  const servers = [...text.matchAll(/^nameserver\s+([^\s%]+)/gm)].map((match) => match[1] ?? '');
  return servers.length > 0 && servers.every((server) => isIP(server) !== 0 && /^(127\.|::1$)/.test(server));
}

/** How the NIC of a running QEMU is connected, derived from its process; undefined without a NIC. */
export async function networkKindOf(
  pid: number,
  argv: readonly string[],
): Promise<'isolated' | 'restricted' | 'open' | undefined> {
  const netdev = argv.find((word) => word.startsWith('user,id=network'));
  if (netdev === undefined) return undefined;
  if (netdev.includes('restrict=on')) return 'restricted';
  return (await readlink(`/proc/${pid}/ns/net`)) === (await readlink('/proc/self/ns/net')) ? 'open' : 'isolated';
}
