import { type NetworkReport, NetworkPhase as Phase } from '@innkeeper/contract/agent';
import { clean } from '../output/clean.ts';
import { formatDuration } from '../output/format.ts';
import { formatTable } from '../output/table.ts';

const words: Readonly<Record<number, string>> = {
  [Phase.APPLYING]: 'being applied',
  [Phase.PENDING]: 'waits for a confirmation',
  [Phase.CONFIRMED]: 'confirmed',
  [Phase.ROLLING_BACK]: 'being rolled back',
  [Phase.ROLLED_BACK]: 'rolled back',
};

/** Interfaces with addresses and routes, name servers, and the change. */
export function describeNetwork(report: NetworkReport): string {
  const { manager, interfaces, interfacesOmitted, dns, search } = report;
  const table = formatTable(
    interfaces.flatMap((each) => {
      const rows = Math.max(1, each.addresses.length, each.routes.length);
      return Array.from({ length: rows }, (_, at) => ({ each, at }));
    }),
    [
      { title: 'INTERFACE', value: ({ each, at }) => (at === 0 ? each.name : ' ') },
      { title: 'STATE', value: ({ each, at }) => (at > 0 ? ' ' : each.up ? 'up' : 'down') },
      { title: 'MTU', align: 'right', value: ({ each, at }) => (at === 0 ? `${each.mtu}` : ' ') },
      { title: 'ADDRESS', value: ({ each, at }) => each.addresses[at] ?? ' ' },
      { title: 'ROUTE', value: ({ each, at }) => routeText(each.routes[at]) },
    ],
    { headers: true },
  );
  const lines = [
    ['kept by', manager === '' ? 'nothing known: only temporary changes' : manager],
    ['dns', dns.join(' ')],
    ['search', search.join(' ')],
    ['not shown', interfacesOmitted === 0 ? '' : `${interfacesOmitted} more interfaces`],
  ];
  const pairs = lines
    .filter(([, value]) => value !== '')
    .map(([name = '', value = '']) => `${name.padEnd(10)}${clean(value)}\n`);
  return `${table}\n${pairs.join('')}${describeChange(report)}`;
}

/** The change in one line and its cause in another; empty: there was none. */
export function describeChange({ change }: NetworkReport): string {
  if (change === undefined) return '';
  const { id, phase, confirmLeftMs, gateway, gatewayAnswers, detail, files } = change;
  const left = confirmLeftMs === undefined ? '' : `, ${formatDuration(confirmLeftMs / 1000)} left`;
  const answers = gatewayAnswers === undefined ? 'is being asked' : gatewayAnswers ? 'answers' : 'does not answer';
  const lines = [
    `change    ${id} of ${change.interface}: ${words[phase] ?? 'unknown'}${left}`,
    gateway === '' || phase !== Phase.PENDING ? '' : `gateway   ${gateway} ${answers}`,
    files.length === 0 ? '' : `files     ${files.join(' ')}`,
    detail === '' ? '' : `why       ${detail}`,
  ];
  return lines
    .filter((line) => line !== '')
    .map((line) => `${clean(line)}\n`)
    .join('');
}

function routeText(route: NetworkReport['interfaces'][number]['routes'][number] | undefined): string {
  if (route === undefined) return ' ';
  const { destination, gateway, metric } = route;
  const via = gateway === '' ? '' : ` via ${gateway}`;
  return `${/^(?:0\.0\.0\.0|::)\/0$/.test(destination) ? 'default' : destination}${via}${metric === 0 ? '' : ` metric ${metric}`}`;
}
