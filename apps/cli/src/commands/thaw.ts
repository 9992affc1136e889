import { FreezeReportSchema, HookKind } from '@innkeeper/contract/agent';
import { defineCommand } from '../define-command.ts';
import { dataOutput, text } from '../options.ts';
import { clean } from '../output/clean.ts';
import { printObject } from '../output/json.ts';
import { describeHooks } from './describe-freeze.ts';

/** `inn thaw VM` */
export const command = defineCommand({
  arguments: '<vm>',
  options: [text('--id <id>', 'only this freeze (default: whatever is frozen)'), dataOutput],
  async run({ client, options }, vm) {
    const report = await client.filesystems.thaw(vm, options.id);
    if (options.output !== 'table') {
      printObject(options.output, FreezeReportSchema, report);
      return;
    }
    const after = report.frozenMs === undefined ? '' : ` after ${report.frozenMs} ms`;
    process.stdout.write(`Thawed${after}.${report.detail === '' ? '' : ` ${clean(report.detail)}`}\n`);
    process.stdout.write(describeHooks(report.hooks.filter(({ kind }) => kind === HookKind.POST_THAW)));
  },
});
