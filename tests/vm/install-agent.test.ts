import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ConsoleStream } from '@innkeeper/client';
import { until } from '@innkeeper/kit/testing';
import { type Daemon, startDaemon, testDataDirectory } from './daemon.ts';
import { guestScript } from './guest-shell.ts';
import { innText } from './inn.ts';
import { inNetwork, whyNoNamespace } from './namespace.ts';
import { ensureImage } from './test-images.ts';
import { cleanUp, clientOf, createTestVm, isConnected, removeOtherVms, showVm, waitForVm } from './vm-state.ts';

const options = { dataDirectory: testDataDirectory };
const skip = whyNoNamespace() ?? false;
const password = 'good enough for a test';
const consoleMs = 120_000;

/** The command in docs/operate/serve.md for guests of this host, with busybox's wget. */
const command = 'wget -q -O - http://10.0.2.2/install-agent.sh | sh';

interface Guest {
  readonly image: 'tiny' | 'debian';
  /** Shell commands, typed on the console, that end the agent and remove its service. */
  readonly remove: string;
  /** A shell command that prints the agent's service. */
  readonly show: string;
  readonly init: string;
}

const guests: readonly Guest[] = [
  {
    image: 'tiny',
    remove: 'sed -i /nnkeeper/d /etc/inittab; kill -HUP 1; pkill innkeeper-agent',
    show: 'grep innkeeper-agent /etc/inittab',
    init: 'busybox',
  },
  {
    image: 'debian',
    remove: 'systemctl disable --now innkeeper-agent; rm /etc/systemd/system/innkeeper-agent.service',
    show: 'systemctl is-enabled innkeeper-agent',
    init: 'systemd',
  },
];

for (const { image, remove, show, init } of guests) {
  describe(`install-agent.sh in a guest of the image ${image}`, { skip }, () => {
    const name = `test-install-${image}`;
    let daemon: Daemon;
    let id: string;

    before(async () => {
      {
        // Built with the machine's network.
        await using _builder = await startDaemon();
        await removeOtherVms(testDataDirectory);
        await ensureImage(testDataDirectory, image);
      }
      daemon = await startDaemon(testDataDirectory, inNetwork());
      id = (await createTestVm(daemon, name, image, 240_000, { isBuilt: true })).id;
      if (image === 'debian') {
        await innText(['cp', '/bin/busybox', `${name}:/usr/local/bin/busybox`], options);
        await inGuest('chmod 755 /usr/local/bin/busybox; ln -s busybox /usr/local/bin/wget');
        await inGuest(`echo 'root:${password}' | chpasswd`);
      }
    });
    after(() => cleanUp(daemon, [name]));

    const inGuest = (script: string): Promise<string> => guestScript(name, script, options);

    it(`install-agent.sh installs the agent over the network in a guest with ${init}, which starts it`, async () => {
      const typist = new Typist(clientOf(testDataDirectory).openConsole(name, { writer: true }));
      await typist.logIn(image === 'debian');
      typist.type(`${remove}; rm /usr/local/bin/innkeeper-agent; echo removed=$?`);
      await typist.until('removed=0');
      await waitForVm(name, testDataDirectory, (vm) => !isConnected(vm));
      typist.type(`${command}; echo installed=$?`);
      await typist.until('installed=0');
      typist.leave();
      await waitForVm(name, testDataDirectory, isConnected);
      assert.match(await inGuest(show), image === 'tiny' ? /respawn:.usr.local.bin.innkeeper-agent/ : /^enabled/);
      assert.match(typist.shown, new RegExp(`installed, and ${init} starts it`));
    });

    it(`a guest of the image ${image} reports its address with a token for only this VM`, async () => {
      const { secret: token } = await clientOf(testDataDirectory).access.createToken({
        name: `${name} ${Date.now()}`,
        privileges: ['guest.report'],
        scope: `vm:${id}`,
        allowedCommands: [],
        lifetimeDays: 1,
      });
      const report = `wget -q -O - --header 'authorization: Bearer ${token}' --post-data '{"guest_ip":"10.0.2.15"}'`;
      assert.match(await inGuest(`${report} http://10.0.2.2/v1/vms/${id}/guest-ip`), /"ok":true/);
      assert.equal((await showVm(name, testDataDirectory)).reportedAddress, '10.0.2.15');
    });
  });
}

/** A user at the serial console. */
class Typist {
  shown = '';
  readonly #stream: ConsoleStream;
  #from = 0;

  constructor(stream: ConsoleStream) {
    this.#stream = stream;
    void this.#read();
  }

  type(line: string): void {
    this.#from = this.shown.length;
    this.#stream.write(`${line}\r`);
  }

  /** Waits until this was shown after the last typed line. */
  async until(wanted: string): Promise<void> {
    await until(() => this.shown.slice(this.#from).replaceAll('$?', '').includes(wanted), {
      withinMs: consoleMs,
      everyMs: 50,
      what: () => `"${wanted}" is shown: ${this.shown.slice(-2000)}`,
    });
  }

  /** Logs in to a shell as root. */
  async logIn(asksForPassword: boolean): Promise<void> {
    if (asksForPassword) {
      this.type('');
      await this.until('login:');
      this.type('root');
      await this.until('Password:');
      this.type(password);
      await this.until('#');
    } else {
      this.type('');
      this.type('echo here=$((1 + 1))');
      await this.until('here=2');
    }
  }

  leave(): void {
    this.#stream.close();
  }

  async #read(): Promise<void> {
    try {
      for await (const event of this.#stream) {
        if (event.type === 'output') this.shown += Buffer.from(event.data).toString('latin1');
      }
    } catch (error) {
      // CANCELED by leave(); other errors become visible as missing output.
      this.shown += `\n(${String(error)})`;
    }
  }
}
