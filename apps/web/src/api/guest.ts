import { guestClient, pagePlatform } from '@innkeeper/client/browser';
import { api, calls, origin } from './api.ts';

/** What is inside of VMs: files, processes, terminals, power. Every error is an OperationError. */
export const guest = guestClient(pagePlatform(origin, calls), api);
