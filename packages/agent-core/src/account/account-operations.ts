import { AccountServiceLite } from '@innkeeper/contract/agent-lite';
import { immediateOperation, type Operation, unaryOperation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { changeKeys, changeWholeFile, listKeys } from './authorized-keys.ts';
import { changeAccount, findAccount, listAccounts } from './change-account.ts';

/** List, Change, ListKeys and ChangeKeys. */
export function accountOperations(host: Host): Operation[] {
  return [
    immediateOperation(AccountServiceLite.list, () => listAccounts(host)),
    unaryOperation(AccountServiceLite.change, (request) => changeAccount(host, request)),
    immediateOperation(AccountServiceLite.listKeys, ({ user }) => listKeys(host, findAccount(host, user))),
    unaryOperation(AccountServiceLite.changeKeys, (request) =>
      request.wholeFile
        ? changeWholeFile(host, findAccount(host, request.user), request)
        : changeKeys(host, findAccount(host, request.user), request),
    ),
  ];
}
