import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { checkPage, openConsole, type WebConsole } from './console.ts';
import { savedScreen, screenShows, typeInto } from './screen.ts';

/** Prints 1,000 numbered lines in about 5 s, and at the end a text that is not in the command itself. */
const slowLines =
  'i=0; while [ $i -lt 1000 ]; do i=$((i+1)); echo line $i; [ $((i%10)) = 0 ] && sleep 0.05; done; echo all $((1+1))\n';

describe('the terminal', () => {
  let web: WebConsole;
  let page: Page;
  /** The terminal on the screen, in the list of terminals; a new one can be in the list a moment earlier. */
  let shown: Locator;
  before(async () => {
    web = await openConsole();
    page = web.page;
    shown = page.locator('[aria-current=true]');
    await web.daemon.addTinyImage();
    await web.daemon.createVm('web-1');
  });
  after(() => web[Symbol.asyncDispose]());

  const type = (text: string): Promise<void> => typeInto(page, 'Terminal', text);
  const shows = (text: string | RegExp): Promise<void> => screenShows(page, text);
  const newTerminal = async (): Promise<void> => {
    await page.getByRole('button', { name: 'New terminal', exact: true }).click();
    await shows('root@web-1');
  };

  it('the terminal tab opens a first terminal', async () => {
    await page.goto('/vms/web-1/terminal');
    await page.getByRole('heading', { name: 'No terminal is open' }).waitFor();
    assert.deepEqual(await checkPage(page, 'terminal-empty'), []);
    await newTerminal();
    await type('echo it is $((6 * 7))\n');
    await shows('it is 42');
    await page.waitForURL(/terminal=/);
    assert.deepEqual(await checkPage(page, 'terminal'), []);
  });

  it('text without keys, such as of an emoji picker or dictation, reaches the guest once', async () => {
    await page.getByRole('textbox', { name: 'Terminal', exact: true }).focus();
    // Several times: keys that come right after the text, before any timer, once replaced it now and then.
    for (const time of ['first', 'second', 'third']) {
      await page.keyboard.insertText(`echo [😀 ${time} dictated`);
      await page.keyboard.type(' typed] $((1+2))');
      await page.keyboard.insertText(' end');
      await page.keyboard.press('Enter');
      // The shell of this image shows characters outside of ASCII in its own way.
      await shows(new RegExp(`^\\[.+ ${time} dictated typed\\] 3 end$`));
    }
  });

  it('text of an input method, by single keys or composed, reaches the guest once', async () => {
    const devTools = await web.context.newCDPSession(page);
    const key = { windowsVirtualKeyCode: 229, key: 'Process' };
    const insert = (text: string): Promise<unknown>[] => [
      devTools.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...key }),
      devTools.send('Input.insertText', { text }),
      devTools.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key }),
    ];
    // All at once, as with a page that is busy: several keys come before any timer.
    await Promise.all(['echo ', '[', 'm', 'e', 'thod ', '$((4+4))'].flatMap(insert));
    await devTools.send('Input.imeSetComposition', { text: 'compos', selectionStart: 6, selectionEnd: 6 });
    await Promise.all([devTools.send('Input.insertText', { text: ' composed' }), ...insert(' end]')]);
    // The emulator sends composed text a moment later.
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    await page.keyboard.press('Enter');
    await shows(/^\[method 8 composed end\]$/);
    await devTools.detach();
  });

  it('a line that the kernel would cut at 4,095 bytes gets a warning', async () => {
    await page.getByRole('textbox', { name: 'Terminal', exact: true }).focus();
    await page.keyboard.insertText('x'.repeat(4096));
    await page.getByText('A line of more than 4,095 bytes was sent').waitFor();
    await page.keyboard.press('Control+c');
  });

  it('the guest’s terminal gets the size of the window', async () => {
    await page.setViewportSize({ width: 1000, height: 600 });
    const size = page.locator('[data-hint="Columns and rows"]');
    await size.filter({ hasText: /^[5-9]\d×/ }).waitFor();
    const [columns, rows] = ((await size.textContent()) ?? '').split('×');
    await type('stty size\n');
    await shows(`${rows} ${columns}`);
    await page.setViewportSize({ width: 1360, height: 850 });
  });

  it('a terminal shows the same screen after a reload and in a second window', async () => {
    await page.reload();
    await shows('it is 42');
    const other = await web.context.newPage();
    await other.goto(page.url());
    await screenShows(other, 'it is 42');
    await typeInto(other, 'Terminal', 'echo from $((1+1)) windows\n');
    await shows('from 2 windows');
    await page.getByText('2 windows attached').waitFor();
    await other.close();
  });

  it('a terminal resumes without loss after its connection was cut during output', async () => {
    await page.addInitScript(() => {
      const sockets: WebSocket[] = [];
      const Before = WebSocket;
      globalThis.WebSocket = class extends Before {
        constructor(url: string | URL) {
          super(url);
          sockets.push(this);
        }
      };
      Object.assign(globalThis, { cutAll: () => sockets.splice(0).map((socket) => socket.close(4000)) });
    });
    await page.reload();
    await shows('from 2 windows');
    await type(`clear; ${slowLines}`);
    await shows(/^line \d+/);
    await page.evaluate('cutAll()');
    const notice = page.getByText('Reconnecting; the terminal keeps running.');
    await notice.waitFor({ timeout: 5000 });
    // Input before would be dropped.
    await notice.waitFor({ state: 'detached' });
    await shows(/^all 2/);
    const lines = (await savedScreen(page)).split('\n').filter((line) => line.startsWith('line '));
    assert.equal(lines.length, 1000);
    assert.ok(lines.every((line, index) => line === `line ${index + 1}`));
  });

  it('a terminal resumes after the daemon was killed and restarted', async () => {
    await type('clear; echo go $((1+1)); sleep 4; echo back $((1+1))\n');
    await shows(/^go 2/);
    await web.daemon.pause();
    await page.getByText('Reconnecting; the terminal keeps running.').waitFor();
    assert.deepEqual(await checkPage(page, 'terminal-lost'), []);
    await web.daemon.resume();
    await shows(/^back 2/);
  });

  it('a second terminal is opened as another user, and the tab switches between them', async () => {
    await type('clear; echo made $((1+1))\n');
    await shows('made 2');
    await page.getByRole('button', { name: 'New terminal as another user' }).click();
    await page.getByRole('combobox', { name: 'User' }).fill('gu');
    await page.getByRole('option', { name: 'guest' }).click();
    assert.deepEqual(await checkPage(page, 'terminal-user'), []);
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await page
      .getByRole('button', { name: /^2: .*guest$/ })
      .and(shown)
      .waitFor();
    await type('echo I am $(id -un)\n');
    await shows('I am guest');
    assert.deepEqual(await checkPage(page, 'terminal-two'), []);
    await page.getByRole('button', { name: /^1: / }).click();
    await shows('made 2');
    await page.getByRole('button', { name: /^2: / }).click();
    await shows('I am guest');
  });

  it('an ended terminal shows its exit code or signal, and a new one can be opened', async () => {
    await type('exit 3\n');
    await page.getByText('The process exited with code 3.').waitFor();
    assert.deepEqual(await checkPage(page, 'terminal-ended'), []);
    await page.getByRole('button', { name: 'Open a new terminal' }).click();
    await page.getByRole('button', { name: /^3: / }).and(shown).waitFor();
    await type('kill -9 $$\n');
    await page.getByText('The process was killed by signal 9.').waitFor();
  });

  it('closing a running terminal asks for confirmation, closing an ended one does not', async () => {
    await page.getByRole('button', { name: /^Close 3: / }).click();
    await page.getByRole('button', { name: /^3: / }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /^Close 2: / }).click();
    await page.getByRole('button', { name: /^2: / }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /^Close 1: / }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: /^1: / }).waitFor();
  });

  it('a terminal can be left by keyboard, and searched', async () => {
    await shows('made 2');
    await type('echo needle; echo needle\n');
    await page.keyboard.press('Control+Shift+F');
    await page.getByRole('searchbox', { name: 'Search text' }).fill('needle');
    await page.getByText(/ of 4/).waitFor();
    assert.deepEqual(await checkPage(page, 'terminal-search'), []);
    await page.keyboard.press('Escape');
    await page.getByRole('search').waitFor({ state: 'detached' });
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'TEXTAREA');
    await page.keyboard.press('Control+Shift+L');
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'SPAN');
    await page.keyboard.press('Shift+Tab');
    assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), 'SPAN');
  });

  it('a terminal stores its font size, fills the window and sends keys by menu', async () => {
    await page.getByRole('button', { name: 'Larger text' }).click();
    await page.getByRole('button', { name: 'Full screen' }).click();
    await type('cat\n');
    await page.getByRole('button', { name: 'Send a key' }).click();
    await page.getByRole('menuitem', { name: /Ctrl\+C/ }).click();
    await type('echo after $?\n');
    await shows('after 130');
    assert.equal(await page.evaluate(() => document.fullscreenElement?.tagName), 'HTML');
    await page.getByRole('button', { name: 'Exit full screen' }).click();
    await page.waitForFunction(() => document.fullscreenElement === null);
    // As in a browser that cannot pass Escape on: it fills the window, of any size.
    await page.evaluate(() => Object.defineProperty(navigator, 'keyboard', { value: undefined }));
    await page.getByRole('button', { name: 'Full screen' }).click();
    assert.deepEqual(await checkPage(page, 'terminal-full'), []);
    await page.getByRole('button', { name: 'Exit full screen' }).click();
    assert.equal(await page.evaluate(() => localStorage.getItem('innkeeper-terminal-font-size')), '15');
  });

  it('control sequences of a hostile guest have no effect beyond the terminal’s screen', async () => {
    const title = await page.title();
    await page.evaluate(() => {
      Object.assign(navigator.clipboard, { writeText: (text: string) => (document.title = `copied ${text}`) });
    });
    // A title of 1 MB, the clipboard, a link that runs a script, huge counts, notifications and window operations.
    const hostile = [
      String.raw`printf '\033]0;'; head -c 1000000 /dev/zero | tr '\0' A; printf '\007'`,
      String.raw`printf '\033]52;c;aGFja2Vk\007\033]52;c;?\007'`,
      String.raw`printf '\033]8;;javascript:document.title=1\007LINK\033]8;;\007\n'`,
      String.raw`printf '\033[2147483647S\033[2147483647L\033[2147483647b\033[2147483647T'`,
      String.raw`printf '\033]9;hi\007\033[3;0;0t\033[8;5;5t\033[21t\033]1337;File=a:QQ==\007\n'`,
    ];
    for (const line of hostile) await type(`${line}\n`);
    await type('echo alive $((1+1))\n');
    await shows(/^alive 2/);
    await page.locator('.xterm-screen').getByText('LINK').last().click({ force: true });
    assert.equal(await page.title(), title);
    assert.equal(await page.locator('.xterm a').count(), 0);
    assert.equal(web.context.pages().length, 1);
    const name = await page.getByRole('button', { name: /^1: / }).getAttribute('aria-label');
    assert.ok((name ?? '').length < 150, `${name?.length} characters`);
    assert.deepEqual(await checkPage(page, 'terminal-hostile'), []);
    await type('clear\n');
  });

  it('terminals are not accessible without guest.exec', async () => {
    await web.daemon.call('AccessService/CreateUser', { name: 'vera', roles: [{ role: 'viewer', scope: '*' }] });
    const context = await web.newContext();
    const vera = await web.logIn(context, 'vera');
    const path = new URL(page.url()).pathname;
    await vera.goto(path);
    await vera.getByRole('heading', { name: 'No access to Terminal' }).waitFor();
    assert.equal(await vera.getByRole('link', { name: 'Terminal' }).count(), 0);
    assert.deepEqual(await checkPage(vera, 'terminal-refused'), []);
    const id = new URL(page.url()).searchParams.get('terminal');
    const answer = await vera.evaluate(
      (address) =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(address);
          let text = '';
          socket.onmessage = ({ data }) => {
            text += String(data);
          };
          socket.onclose = ({ code }) => resolve(`${code} ${text}`);
        }),
      `ws://${new URL(page.url()).host}/v1/vms/web-1/terminals/${id}`,
    );
    assert.doesNotMatch(answer, /"screen"/);
    await context.close();
  });

  it('the terminal tab says that the VM has stopped, and can start it', async () => {
    await web.daemon.call('VmService/KillVm', { vm: 'web-1' });
    await page.getByText('The terminal is no longer available').waitFor();
    assert.deepEqual(await checkPage(page, 'terminal-gone'), []);
    await page.getByRole('button', { name: /^Close 1: / }).click();
    await page.getByRole('heading', { name: 'web-1 is not running' }).waitFor();
    assert.deepEqual(await checkPage(page, 'terminal-stopped'), []);
    await page.getByRole('button', { name: 'Start web-1' }).click();
    await page.getByRole('heading', { name: 'No terminal is open' }).waitFor({ timeout: 60_000 });
  });

  it('the terminal tab logs no errors', () => {
    assert.deepEqual(web.faults, []);
  });
});
