import { after, before, describe } from 'node:test';
import type { WebConsole } from './console.ts';
import { accountsTests } from './guest/accounts.ts';
import { inventoryAndLogsTests } from './guest/inventory-and-logs.ts';
import { networkTests } from './guest/network.ts';
import { policyTests } from './guest/policy.ts';
import { processesTests } from './guest/processes.ts';
import { readmeTests } from './guest/readme.ts';
import { servicesTests } from './guest/services.ts';
import { openSharedGuest } from './guest/shared-guest.ts';

/** Tabs of a VM. They share one, since starting a daemon, a browser and a VM takes longer than their tests. */
describe('a guest in the web console', () => {
  let web: WebConsole;
  const shared = (): WebConsole => web;
  before(async () => {
    web = await openSharedGuest();
  });
  after(() => web[Symbol.asyncDispose]());

  readmeTests(shared);
  inventoryAndLogsTests(shared);
  accountsTests(shared);
  networkTests(shared);
  servicesTests(shared);
  processesTests(shared);
  policyTests(shared);
});
