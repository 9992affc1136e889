import { defineCommand } from '../define-command.ts';
import { dataOutput } from '../options.ts';
import { clean } from '../output/clean.ts';
import { printObject } from '../output/json.ts';
import { formatTable } from '../output/table.ts';

/** `inn services show VM UNIT` */
export const command = defineCommand({
  arguments: '<vm> <unit>',
  options: [dataOutput],
  async run({ client, options: { output } }, vm, name) {
    const [{ GetUnitResponseSchema }, { unitColumns }] = await Promise.all([
      import('@innkeeper/contract/agent'),
      import('./unit-columns.ts'),
    ]);
    const answer = await client.units.get(vm, name);
    if (output !== 'table') {
      printObject(output, GetUnitResponseSchema, answer);
      return;
    }
    const { unit, log, logMissing } = answer;
    if (unit !== undefined) process.stdout.write(formatTable([unit], unitColumns, { headers: true, wide: true }));
    if (log.length > 0) process.stdout.write(`\n${log.map((line) => `${clean(line)}\n`).join('')}`);
    else if (logMissing !== '') process.stderr.write(`No log: ${clean(logMissing)}.\n`);
  },
});
