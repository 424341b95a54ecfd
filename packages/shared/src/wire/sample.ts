import Type from 'typebox';
import { SERVER_ID_PATTERN } from './server-id.js';

/** Hard limits of the wire; a message beyond one of them is set aside with its reason. */
export const MAX_SAMPLE_BYTES = 64 * 1024;
export const MAX_GPUS = 64;
/** A `ts` further than this ahead of the broker's receive time is a wrong clock. */
export const MAX_CLOCK_AHEAD_MS = 60_000;

export const ServerId = Type.String({ pattern: SERVER_ID_PATTERN, description: 'Server id, the last token of the subject' });

const bytes = (description: string) => Type.Number({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: `${description}, bytes` });
const percent = (description: string) => Type.Number({ minimum: 0, maximum: 100, description: `${description}, percent` });
const count = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });
const text = (maxLength: number, description: string) => Type.String({ maxLength, description });

export const GpuProcessSchema = Type.Object({
  pid: count('Process id on the host'),
  user: Type.Optional(text(64, 'Owner of the process; absent when it is not known')),
  command: Type.Optional(text(256, 'Command line, cut at 256 characters')),
  memory_used: Type.Optional(bytes('Card memory held by the process')),
});
export type GpuProcess = Type.Static<typeof GpuProcessSchema>;

export const GpuSampleSchema = Type.Object({
  id: Type.Integer({ minimum: 0, maximum: 255, description: 'Index of the card on its server' }),
  memory_total: bytes('Memory of the card'),
  memory_used: bytes('Memory in use'),
  utilization: Type.Optional(percent('Share of time in which a kernel ran')),
  temperature: Type.Optional(Type.Number({ minimum: -273, maximum: 1000, description: 'Degrees Celsius' })),
  power: Type.Optional(Type.Number({ minimum: 0, maximum: 100_000, description: 'Watts drawn' })),
  processes: Type.Optional(Type.Array(GpuProcessSchema, { maxItems: 256 })),
});
export type GpuSample = Type.Static<typeof GpuSampleSchema>;

/** What the agent could not read, so that a hole in the data has a reason. */
export const HealthSchema = Type.Object({
  failures: Type.Optional(
    Type.Array(
      Type.Object({
        collector: text(32, 'Name of the collector'),
        reason: text(200, 'What went wrong, in one line'),
        count: count('Failures since the agent started'),
      }),
      { maxItems: 32 },
    ),
  ),
  spool_messages: Type.Optional(count('Samples waiting on the agent for the broker')),
  spool_bytes: Type.Optional(bytes('Disk used by the waiting samples')),
  spool_dropped: Type.Optional(count('Samples given up since the agent started because the spool was full')),
  clock_offset_ms: Type.Optional(
    Type.Number({ minimum: -1e15, maximum: 1e15, description: "Broker's clock minus the agent's, milliseconds" }),
  ),
});
export type AgentHealth = Type.Static<typeof HealthSchema>;

/**
 * One reading of one server: the message on `vacancy.v1.sample.<server>`.
 * It stands for the `interval_ms` before its `ts`. An optional field that is absent was not known; absent is never 0.
 */
export const SampleSchema = Type.Object({
  v: Type.Literal(1),
  server: ServerId,
  boot_id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: "Names one run of the agent's sequence; random, at least 64 bits" }),
  seq: count('Position in the run; (server, boot_id, seq) names a sample for ever'),
  ts: Type.Integer({ minimum: 0, maximum: 4_102_444_800_000, description: 'When it was read, Unix milliseconds' }),
  interval_ms: Type.Integer({ minimum: 1, maximum: 3_600_000, description: 'Time the sample stands for, milliseconds' }),
  uptime_s: Type.Number({ minimum: 0, maximum: 1e11, description: 'Seconds since the server booted' }),
  cpu: percent('CPU utilisation'),
  load1: Type.Optional(Type.Number({ minimum: 0, maximum: 1e6 })),
  load5: Type.Optional(Type.Number({ minimum: 0, maximum: 1e6 })),
  load15: Type.Optional(Type.Number({ minimum: 0, maximum: 1e6 })),
  memory_total: bytes('Main memory'),
  memory_used: bytes('Main memory in use, caches not counted'),
  swap_total: Type.Optional(bytes('Swap space')),
  swap_used: Type.Optional(bytes('Swap space in use')),
  hdd_total: bytes('Local filesystems, each device once'),
  hdd_used: bytes('Local filesystems in use'),
  network_in: bytes('Received since boot'),
  network_out: bytes('Sent since boot'),
  user_num: Type.Optional(count('Distinct logged-in users')),
  users: Type.Optional(Type.Array(text(64, 'User name'), { maxItems: 256, description: 'Names of the logged-in users' })),
  gpus: Type.Array(GpuSampleSchema, { maxItems: MAX_GPUS }),
  cpu_cores_used: Type.Optional(Type.Array(percent('Utilisation of one core'), { maxItems: 1024 })),
  filesystems: Type.Optional(
    Type.Array(
      Type.Object({ mount: text(256, 'Mount point'), hdd_total: bytes('Size'), hdd_used: bytes('In use') }),
      { maxItems: 64 },
    ),
  ),
  interfaces: Type.Optional(
    Type.Array(
      Type.Object({ name: text(32, 'Interface'), network_in: bytes('Received since boot'), network_out: bytes('Sent since boot') }),
      { maxItems: 64 },
    ),
  ),
  temperatures: Type.Optional(
    Type.Array(
      Type.Object({ sensor: text(64, 'Sensor'), temperature: Type.Number({ minimum: -273, maximum: 1000 }) }),
      { maxItems: 64 },
    ),
  ),
  processes: Type.Optional(
    Type.Array(
      Type.Object({
        pid: count('Process id'),
        user: Type.Optional(text(64, 'Owner')),
        command: text(256, 'Command line, cut at 256 characters'),
        memory_used: bytes('Resident memory'),
      }),
      { maxItems: 32, description: 'Largest processes by resident memory' },
    ),
  ),
  health: Type.Optional(HealthSchema),
});
export type Sample = Type.Static<typeof SampleSchema>;
