import type { FakeBoot, FakeGuest } from '@innkeeper/hypervisor/fake';

/** Does the same as init.sh in a real guest, for the fake driver. `commandLine` is the kernel's. */
export function bootEchoGuest(commandLine: string): FakeBoot {
  return async (guest) => {
    if (commandLine.includes('test=deaf')) guest.onPowerButton(() => undefined);
    let typed = '';
    guest.onConsoleInput((bytes) => {
      typed += Buffer.from(bytes).toString();
      const lines = typed.split('\n');
      typed = lines.pop() ?? '';
      for (const line of lines) takeCommand(guest, line);
    });
    guest.print('test guest ready\r\n');
    const channel = guest.openPort('org.innkeeper.agent.0');
    for (;;) {
      const bytes = await channel.read({ signal: guest.signal });
      if (bytes === undefined) return;
      await channel.write(bytes);
    }
  };
}

function takeCommand(guest: FakeGuest, line: string): void {
  const [command, argument] = line.split(' ');
  if (command === 'reboot') guest.reboot();
  if (command === 'poweroff') guest.powerOff();
  if (command === 'flood') {
    const text = 'all work and no play makes a dull guest\n'.repeat(27);
    for (let printed = 0; printed < Number(argument) * 1024; printed += text.length) guest.print(text);
    guest.print('flood over\r\n');
  }
}
