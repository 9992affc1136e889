import type { Page } from 'playwright-core';
import { openConsole, type WebConsole } from '../console.ts';

/** The VM that the tests of this folder share. */
export const vm = 'web-1';
/** A user who may only see VMs. */
export const viewer = 'vera';

/** Starts a daemon with the VM and the viewer. */
export async function openSharedGuest(): Promise<WebConsole> {
  await using stack = new AsyncDisposableStack();
  const web = stack.use(await openConsole());
  await web.daemon.call('AccessService/CreateUser', { name: viewer, roles: [{ role: 'viewer', scope: '*' }] });
  await web.daemon.addTinyImage();
  await web.daemon.createVm(vm, { env: 'prod', team: 'shop' });
  stack.move();
  return web;
}

/** Opens a tab of the VM by its link. */
export async function openTab(page: Page, name: string): Promise<void> {
  await page.goto(`/vms/${vm}`);
  await page.getByRole('link', { name, exact: true }).click();
}

/** Runs a script in the guest, without waiting for its end; returns a function that cancels it. */
export async function runInGuest({ daemon }: WebConsole, script: string): Promise<() => Promise<unknown>> {
  const spec = { argv: ['sh', '-c', script] };
  const { id } = await daemon.call<{ id: string }>('RunService/StartRun', { spec, vms: [vm] });
  return () => daemon.call('RunService/CancelRun', { id });
}

/** Does something as the viewer. */
export async function asViewer(web: WebConsole, work: (page: Page) => Promise<void>): Promise<void> {
  const context = await web.newContext();
  await work(await web.logIn(context, viewer));
  await context.close();
}
