import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { LiveRow } from '@vacancy/shared';

/** What the service counts of itself. */
export interface ServiceFigures {
  readonly received: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly duplicates: number;
  readonly inserted: number;
  readonly pending: number;
  readonly lag_ms: number | null;
  readonly sockets: number;
  readonly sockets_behind: number;
}

type Value = (row: LiveRow) => number | null;

const SERVER: Record<string, [help: string, value: Value]> = {
  vacancy_server_online: ['1 while samples arrive', (row) => Number(row.online)],
  vacancy_server_cpu_percent: ['CPU utilisation', (row) => row.cpu],
  vacancy_server_memory_total_bytes: ['Main memory', (row) => row.memory_total],
  vacancy_server_memory_used_bytes: ['Main memory in use', (row) => row.memory_used],
  vacancy_server_hdd_total_bytes: ['Local filesystems', (row) => row.hdd_total],
  vacancy_server_hdd_used_bytes: ['Local filesystems in use', (row) => row.hdd_used],
  vacancy_server_network_up_bytes_per_second: ['Sent', (row) => row.network_up],
  vacancy_server_network_down_bytes_per_second: ['Received', (row) => row.network_down],
  vacancy_server_users: ['Logged-in users', (row) => row.user_num],
  vacancy_server_last_sample_timestamp_seconds: ['Event time of the newest sample', (row) => row.last_ts / 1000],
};

const CARD: Record<string, [help: string, value: (gpu: LiveRow['gpus'][number]) => number | null]> = {
  vacancy_gpu_memory_total_bytes: ['Memory of the card', (gpu) => gpu.memory_total],
  vacancy_gpu_memory_used_bytes: ['Memory in use', (gpu) => gpu.memory_used],
  vacancy_gpu_utilization_percent: ['Utilisation', (gpu) => gpu.utilization],
  vacancy_gpu_temperature_celsius: ['Temperature', (gpu) => gpu.temperature],
  vacancy_gpu_power_watts: ['Power drawn', (gpu) => gpu.power],
  vacancy_gpu_idle_free8g: ['1 when idle by free memory', (gpu) => Number(gpu.idle.free8g)],
  vacancy_gpu_idle_used10pct: ['1 when idle by used share', (gpu) => Number(gpu.idle.used10pct)],
};

/** Prometheus text: the service, and every server and card as gauges; what is not known has no line. */
export function createMetrics(rows: () => LiveRow[], figures: () => ServiceFigures): { readonly contentType: string; text(): Promise<string> } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const servers = Object.entries(SERVER).map(([name, [help, value]]) => ({ value, gauge: new Gauge({ name, help, labelNames: ['server'], registers }) }));
  const cards = Object.entries(CARD).map(([name, [help, value]]) => ({
    value, gauge: new Gauge({ name, help, labelNames: ['server', 'gpu', 'gpu_type'], registers }),
  }));
  const received = new Counter({ name: 'vacancy_samples_received_total', help: 'Samples read from the broker', registers });
  const rejected = new Counter({ name: 'vacancy_samples_rejected_total', help: 'Messages set aside', labelNames: ['reason'], registers });
  const duplicates = new Counter({ name: 'vacancy_samples_duplicate_total', help: 'Samples that had been stored before', registers });
  const inserted = new Counter({ name: 'vacancy_samples_inserted_total', help: 'Samples stored in the database', registers });
  const pending = new Gauge({ name: 'vacancy_samples_pending', help: 'Samples in the stream that are not in the database yet', registers });
  const lag = new Gauge({ name: 'vacancy_store_lag_seconds', help: 'Age of the oldest sample that is not in the database yet', registers });
  const sockets = new Gauge({ name: 'vacancy_sockets', help: 'Open websockets', labelNames: ['state'], registers });

  const collect = () => {
    for (const { gauge, value } of servers) {
      gauge.reset();
      for (const row of rows()) set(gauge, { server: row.server }, value(row));
    }
    for (const { gauge, value } of cards) {
      gauge.reset();
      for (const row of rows()) {
        for (const gpu of row.gpus) set(gauge, { server: row.server, gpu: String(gpu.id), gpu_type: gpu.gpu_type ?? '' }, value(gpu));
      }
    }
    const now = figures();
    raise(received, now.received);
    raise(duplicates, now.duplicates);
    raise(inserted, now.inserted);
    rejected.reset();
    for (const [reason, count] of Object.entries(now.rejected)) rejected.inc({ reason }, count);
    pending.set(now.pending);
    lag.reset();
    if (now.lag_ms !== null) lag.set(now.lag_ms / 1000);
    sockets.set({ state: 'open' }, now.sockets);
    sockets.set({ state: 'behind' }, now.sockets_behind);
  };

  return {
    contentType: registry.contentType,
    text() {
      collect();
      return registry.metrics();
    },
  };
}

function set<Label extends string>(gauge: Gauge<Label>, labels: Record<Label, string>, value: number | null): void {
  if (value !== null && Number.isFinite(value)) gauge.set(labels as Partial<Record<Label, string | number>>, value);
}

/** The counters are kept elsewhere; here they are only shown. */
function raise(counter: Counter, total: number): void {
  counter.reset();
  counter.inc(total);
}
