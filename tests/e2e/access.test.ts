import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { checkPage, openConsole, type WebConsole } from './console.ts';

const password = 'correct horse battery';

describe('access to the web console', () => {
  let web: WebConsole;
  before(async () => {
    web = await openConsole();
  });
  after(() => web[Symbol.asyncDispose]());

  it('redirects to the login without a session, and keeps the requested address', async () => {
    const context = await web.newContext();
    const page = await context.newPage();
    await page.goto('/vms?filter=state%3Arunning');
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    assert.match(page.url(), /\/login\?next=/);
    assert.deepEqual(await checkPage(page, 'login'), []);
    await context.close();
  });

  it('a login link works once, and its secret is removed from the address', async () => {
    const path = await web.daemon.loginPath('admin');
    const context = await web.newContext();
    const page = await context.newPage();
    await page.goto(path);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    assert.doesNotMatch(page.url(), /#/);
    await context.clearCookies();
    await page.goto(path);
    await page.getByRole('alert').getByText('Login failed').waitFor();
    assert.deepEqual(await checkPage(page, 'login-failed'), []);
    await context.close();
  });

  it('a login link works in a tab that already shows the login, also after a failed link', async () => {
    const context = await web.newContext();
    const page = await context.newPage();
    await page.goto('/login');
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    // Only the fragment differs, so nothing is loaded; the second time not even that.
    for (let times = 0; times < 2; times += 1) {
      const attempted = page.waitForResponse(/LoginWithLink/);
      await page.goto('/login#used-up');
      await attempted;
      await page.waitForURL((url) => url.hash === '');
      await page.getByRole('alert').getByText('Login failed').waitFor();
    }
    await page.goto(await web.daemon.loginPath('admin'));
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    assert.doesNotMatch(page.url(), /#/);
    assert.deepEqual(await checkPage(page, 'login-in-place'), []);
    await context.close();
  });

  it('a user sets a password and logs in with it in another browser', async () => {
    const { page } = web;
    await page.goto('/settings/password');
    await page.getByLabel('New password', { exact: true }).fill('short');
    await page.getByText('At least 10 characters.').waitFor();
    await page.getByLabel('New password', { exact: true }).fill(password);
    await page.getByLabel('Repeat new password').fill(password);
    assert.deepEqual(await checkPage(page, 'settings-password'), []);
    await page.getByRole('button', { name: 'Set password' }).click();
    await page.getByText('Password changed').waitFor();

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

  it('the settings list sessions, tokens, users and roles', async () => {
    const { page } = web;
    for (const [section, heading] of [
      ['sessions', 'My sessions'],
      ['tokens', 'Tokens'],
      ['users', 'Users'],
      ['roles', 'Roles'],
    ] as const) {
      await page.goto(`/settings/${section}`);
      await page.getByRole('heading', { name: heading, level: 2 }).waitFor();
      await page.getByRole('table').or(page.getByText('No tokens yet')).first().waitFor();
      assert.deepEqual(await checkPage(page, `settings-${section}`), []);
    }
  });

  it('the settings create a token only when privileges were chosen, and show its secret once', async () => {
    const { page } = web;
    await page.goto('/settings/tokens');
    await page.getByRole('button', { name: 'Create a token' }).click();
    await page.getByLabel('Name').fill('ci');
    assert.deepEqual(await checkPage(page, 'settings-token-form'), []);
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByText('Choose what the token may do.').waitFor();
    await page.getByRole('combobox', { name: 'Privileges' }).click();
    await page.getByRole('option', { name: 'vm.view' }).click();
    await page.getByText(/^Expires on /).waitFor();
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByText(/^ink_/).waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('row', { name: /ci/ }).waitFor();
    assert.equal(await page.getByText(/^ink_/).count(), 0);
  });

  it('a viewer sees VMs but no audit log and no action to create one', async () => {
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
    await vera.getByRole('heading', { name: 'No VMs yet' }).waitFor();
    assert.equal(await vera.getByRole('link', { name: 'Create VM' }).count(), 0);
    await vera.goto('/audit');
    await vera.getByRole('alert').first().waitFor();
    await context.close();
  });

  it('the audit log lists what was done, verifies its chain, and contains no password', async () => {
    const { page } = web;
    await page.goto('/audit');
    await page
      .getByRole('button', { name: /created the user/ })
      .first()
      .click();
    await page.getByText('"action":"AccessService/CreateUser"').waitFor();
    await page.getByRole('button', { name: 'Verify the log' }).click();
    await page.getByText(/entries are intact/).waitFor();
    assert.deepEqual(await checkPage(page, 'audit'), []);
    assert.equal(await page.getByText(password).count(), 0);
    await page.getByLabel('Action starts with').fill('login');
    await page.waitForURL(/action=login/);
    await page
      .getByRole('button', { name: /created the user/ })
      .first()
      .waitFor({ state: 'detached' });
  });

  it('a user logs out and is asked to log in again', async () => {
    const { page } = web;
    await page.goto('/');
    await page.getByLabel('User admin').click();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await page.goto('/vms');
    await page.getByRole('button', { name: 'Log in' }).waitFor();
  });

  it('the pages of login and settings log no errors', () => {
    assert.deepEqual(web.faults, []);
  });
});
