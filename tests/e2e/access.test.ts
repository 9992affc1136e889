import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { checkPage, openConsole, type WebConsole } from './console.ts';

const password = 'correct horse battery';

describe('who may come in', () => {
  let web: WebConsole;
  before(async () => {
    web = await openConsole();
  });
  after(() => web[Symbol.asyncDispose]());

  it('sends a stranger to the login, and on to where they wanted to go', async () => {
    const context = await web.newContext();
    const page = await context.newPage();
    await page.goto('/vms?filter=state%3Arunning');
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    assert.match(page.url(), /\/login\?next=/);
    assert.deepEqual(await checkPage(page, 'login'), []);
    await context.close();
  });

  it('takes a link once, and keeps its secret out of the address', async () => {
    const path = await web.daemon.loginPath('admin');
    const context = await web.newContext();
    const page = await context.newPage();
    await page.goto(path);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    assert.doesNotMatch(page.url(), /#/);
    await context.clearCookies();
    await page.goto(path);
    await page.getByRole('alert').getByText('You were not logged in').waitFor();
    assert.deepEqual(await checkPage(page, 'login-failed'), []);
    await context.close();
  });

  it('takes a link that is opened in a tab which shows the login, also after one that failed', async () => {
    const context = await web.newContext();
    const page = await context.newPage();
    await page.goto('/login');
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    // Only the fragment differs, so nothing is loaded; the second time not even that.
    for (let times = 0; times < 2; times += 1) {
      const tried = page.waitForResponse(/LoginWithLink/);
      await page.goto('/login#used-up');
      await tried;
      await page.waitForURL((url) => url.hash === '');
      await page.getByRole('alert').getByText('You were not logged in').waitFor();
    }
    await page.goto(await web.daemon.loginPath('admin'));
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    assert.doesNotMatch(page.url(), /#/);
    assert.deepEqual(await checkPage(page, 'login-in-place'), []);
    await context.close();
  });

  it('sets a password, with which one logs in elsewhere', async () => {
    const { page } = web;
    await page.goto('/settings/password');
    await page.getByLabel('New password', { exact: true }).fill('short');
    await page.getByText('At least 10 characters.').waitFor();
    await page.getByLabel('New password', { exact: true }).fill(password);
    await page.getByLabel('New password again').fill(password);
    assert.deepEqual(await checkPage(page, 'settings-password'), []);
    await page.getByRole('button', { name: 'Set the password' }).click();
    await page.getByText('Your password is set').waitFor();

    const context = await web.newContext();
    const other = await context.newPage();
    await other.goto('/login');
    await other.getByLabel('User').fill('admin');
    await other.getByRole('textbox', { name: 'Password' }).fill('wrong password');
    await other.getByRole('button', { name: 'Log in' }).click();
    await other.getByRole('alert').waitFor();
    await other.getByRole('textbox', { name: 'Password' }).fill(password);
    await other.getByRole('button', { name: 'Log in' }).click();
    await other.getByRole('heading', { name: 'Overview' }).waitFor();
    await context.close();
  });

  it('lists sessions, tokens, users and roles', async () => {
    const { page } = web;
    for (const [section, heading] of [
      ['sessions', 'My sessions'],
      ['tokens', 'Tokens'],
      ['users', 'Users'],
      ['roles', 'Roles'],
    ] as const) {
      await page.goto(`/settings/${section}`);
      await page.getByRole('heading', { name: heading, level: 2 }).waitFor();
      await page.getByRole('table').or(page.getByText('No token yet')).first().waitFor();
      assert.deepEqual(await checkPage(page, `settings-${section}`), []);
    }
  });

  it('makes a token and shows its secret once', async () => {
    const { page } = web;
    await page.goto('/settings/tokens');
    await page.getByRole('button', { name: 'Make a token' }).click();
    await page.getByLabel('Name').fill('ci');
    assert.deepEqual(await checkPage(page, 'settings-token-form'), []);
    await page.getByRole('button', { name: 'Make the token' }).click();
    await page.getByText(/^ink_/).waitFor();
    await page.getByRole('button', { name: 'I have it' }).click();
    await page.getByRole('row', { name: /ci/ }).waitFor();
    assert.equal(await page.getByText(/^ink_/).count(), 0);
  });

  it('shows a viewer what they may see, and disables what they may not do', async () => {
    const { page } = web;
    await page.goto('/settings/users');
    await page.getByRole('button', { name: 'Add a user' }).click();
    await page.getByLabel('Name').fill('vera');
    assert.deepEqual(await checkPage(page, 'settings-user-form'), []);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('row', { name: /vera/ }).waitFor();
    const context = await web.newContext();
    const vera = await web.logIn(context, 'vera');
    assert.equal(await vera.getByRole('link', { name: 'Audit' }).count(), 0);
    await vera.goto('/vms');
    await vera.getByRole('heading', { name: 'No VM yet' }).waitFor();
    assert.equal(await vera.getByRole('link', { name: 'Create VM' }).count(), 0);
    await vera.goto('/audit');
    await vera.getByRole('alert').first().waitFor();
    await context.close();
  });

  it('holds in the audit who did what', async () => {
    const { page } = web;
    await page.goto('/audit');
    await page.getByRole('row', { name: /AccessService\/CreateUser/ }).waitFor();
    await page.getByRole('button', { name: 'Check the chain' }).click();
    await page.getByText(/entries are whole/).waitFor();
    assert.deepEqual(await checkPage(page, 'audit'), []);
    assert.equal(await page.getByText(password).count(), 0);
    await page.getByLabel('Action begins with').fill('login');
    await page.waitForURL(/action=login/);
    await page.getByRole('row', { name: /CreateUser/ }).waitFor({ state: 'detached' });
  });

  it('logs out', async () => {
    const { page } = web;
    await page.goto('/');
    await page.getByLabel('User admin').click();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await page.goto('/vms');
    await page.getByRole('button', { name: 'Log in' }).waitFor();
  });

  it('logs no error of its own', () => {
    assert.deepEqual(web.faults, []);
  });
});
