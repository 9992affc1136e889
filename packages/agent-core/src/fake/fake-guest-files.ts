import type { FakeFiles } from './fake-files.ts';
import { fakeAgentPid } from './fake-processes.ts';

/** Creates what every Linux has: accounts, directories, and the files in /proc that operations read. */
export function putGuestFiles(files: FakeFiles, monotonicMs: () => number): void {
  for (const folder of ['/tmp', '/root', '/home/ana', '/var/log', '/dev', '/sys', '/proc']) files.putFolder(folder);
  files.put('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nana:x:1000:1000:Ana:/home/ana:/bin/sh\n');
  files.put('/etc/group', 'root:x:0:\nana:x:1000:\naudio:x:29:ana\nstaff:x:50:ana,root\n');
  files.put('/etc/os-release', 'ID=fake\nNAME="Fake Linux"\nVERSION_ID="1"\nPRETTY_NAME="Fake Linux 1"\n');
  files.put('/proc/sys/kernel/random/boot_id', 'b007b007-0000-4000-8000-000000000001\n');
  files.put('/proc/sys/kernel/hostname', 'fake\n');
  files.put('/proc/uptime', () => `${(monotonicMs() / 1000).toFixed(2)} 0.00\n`);
  files.put('/proc/loadavg', '0.10 0.20 0.30 1/80 400\n');
  files.put(
    '/proc/meminfo',
    'MemTotal:        1000000 kB\nMemFree:          400000 kB\nMemAvailable:     600000 kB\nBuffers:           10000 kB\nCached:           150000 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\nSReclaimable:      20000 kB\n',
  );
  files.put('/proc/stat', () => procStat(monotonicMs()));
  files.put(
    '/proc/pressure/cpu',
    'some avg10=1.00 avg60=0.50 avg300=0.10 total=1234\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
  );
  files.put(
    '/proc/self/mountinfo',
    '22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n23 22 0:5 / /proc rw - proc proc rw\n',
  );
  files.put(
    '/proc/self/stat',
    `${fakeAgentPid} (innkeeper-agent) S 1 1 1 0 -1 0 0 0 0 0 12 8 0 0 20 0 1 0 100 3000000 600`,
  );
  files.put('/proc/self/status', 'Name:\tinnkeeper-agent\nCapEff:\t000001ffffffffff\n');
  files.put('/proc/1/comm', 'init\n');
}

/** Two CPUs, one of them 50 % busy, 100 ticks a second. */
function procStat(nowMs: number): string {
  const ticks = Math.floor(nowMs / 10);
  const user = Math.floor(ticks / 2);
  return `cpu  ${70_000 + user} 0 0 ${4_300_000_000 + 2 * ticks - user} 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\nintr 1\n`;
}
