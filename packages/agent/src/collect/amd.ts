import { readdir, readFile } from 'node:fs/promises';
import { MINUTE, type Clock, type GpuSample, type Millis } from '@vacancy/shared/plain';
import type { Collector } from './collector.js';

export interface AmdCard {
  readonly sample: GpuSample;
  readonly gpu_type: string;
  readonly uuid?: string;
}

/** What the amdgpu driver writes about one card; a file that is absent or refuses is `''`. */
export interface AmdFiles {
  readonly mem_info_vram_total: string;
  readonly mem_info_vram_used: string;
  readonly gpu_busy_percent: string;
  readonly product_name: string;
  readonly unique_id: string;
  /** Under `hwmon/hwmon*`: millidegrees, and microwatts under one of two names. */
  readonly temp1_input: string;
  readonly power1_average: string;
  readonly power1_input: string;
}

const FILES = ['mem_info_vram_total', 'mem_info_vram_used', 'gpu_busy_percent', 'product_name', 'unique_id'] as const;
const SENSORS = ['temp1_input', 'power1_average', 'power1_input'] as const;

/** Of a sleeping card only the memory is known, as it last was. */
const UNKNOWN_ASLEEP = { gpu_busy_percent: '', temp1_input: '', power1_average: '', power1_input: '' };

/** The driver's files → the card; `null` where it tells no memory (an integrated one that shares the machine's, a card asleep). */
export function parseAmd(id: number, files: AmdFiles): AmdCard | null {
  const total = number(files.mem_info_vram_total);
  const used = number(files.mem_info_vram_used);
  if (!total || used === undefined) return null;
  const utilization = number(files.gpu_busy_percent);
  const temperature = number(files.temp1_input);
  const power = number(files.power1_average) ?? number(files.power1_input);
  const unique = files.unique_id.trim();
  return {
    sample: {
      id,
      memory_total: total,
      memory_used: used,
      ...(utilization !== undefined && { utilization: Math.min(100, utilization) }),
      ...(temperature !== undefined && { temperature: temperature / 1e3 }),
      ...(power !== undefined && { power: power / 1e6 }),
    },
    gpu_type: files.product_name.trim().slice(0, 128) || 'AMD GPU',
    ...(unique && { uuid: unique.slice(0, 96) }),
  };
}

const number = (text: string): number | undefined => (/^\d+\s*$/.test(text) ? Number(text) : undefined);

/**
 * AMD cards through the files of the amdgpu driver (kernel documentation, "GPU sysfs interfaces"): no process to start, unlike
 * `rocm-smi`, which reads the same files. Written from the documentation and not tested on hardware.
 * Ids begin at `first_id`, after the NVIDIA cards of a mixed machine.
 */
export class AmdCollector implements Collector<AmdCard[]> {
  readonly name = 'amd';
  readonly cadence_ms: number;
  readonly #firstId: () => number;
  readonly #clock: Clock;
  readonly #root: string;
  readonly #last = new Map<string, { files: AmdFiles; at: Millis }>();
  #found: { devices: readonly string[]; at: Millis } = { devices: [], at: -Infinity };

  constructor(cadence_ms: number, firstId: () => number, clock: Clock, root = '/sys/class/drm') {
    this.cadence_ms = cadence_ms;
    this.#firstId = firstId;
    this.#clock = clock;
    this.#root = root;
  }

  async collect(signal: AbortSignal): Promise<AmdCard[]> {
    const cards: AmdCard[] = [];
    for (const device of await this.#devices()) {
      if (signal.aborted) break;
      const files = await this.#read(device);
      const card = files && parseAmd(this.#firstId() + cards.length, files);
      if (card) cards.push(card);
    }
    return cards;
  }

  async #devices(): Promise<readonly string[]> {
    const now = this.#clock.now();
    if (Math.abs(now - this.#found.at) >= MINUTE) this.#found = { devices: await findDevices(this.#root), at: now };
    return this.#found.devices;
  }

  /** Asking wakes a card that the kernel put to sleep, and keeps an idle one awake: such a card is asked once a minute at most. */
  async #read(device: string): Promise<AmdFiles | undefined> {
    const now = this.#clock.now();
    const last = this.#last.get(device);
    const idle = last && number(last.files.gpu_busy_percent) === 0 && now - last.at < MINUTE;
    const mayRest = (await text(`${device}/power/control`)).trim() === 'auto';
    if (mayRest && (await text(`${device}/power/runtime_status`)).trim() === 'suspended') return last && { ...last.files, ...UNKNOWN_ASLEEP };
    if (mayRest && idle) return last.files;
    const files = await readFiles(device);
    this.#last.set(device, { files, at: now });
    return files;
  }
}

async function findDevices(root: string): Promise<string[]> {
  const names = (await readdir(root).catch(() => [])).filter((name) => /^card\d+$/.test(name));
  const found: string[] = [];
  for (const name of names.sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)))) {
    if ((await text(`${root}/${name}/device/vendor`)).trim() === '0x1002') found.push(`${root}/${name}/device`);
  }
  return found;
}

async function readFiles(device: string): Promise<AmdFiles> {
  const hwmon = (await readdir(`${device}/hwmon`).catch(() => []))[0];
  const files: Record<string, string> = {};
  for (const file of FILES) files[file] = await text(`${device}/${file}`);
  for (const file of SENSORS) files[file] = hwmon ? await text(`${device}/hwmon/${hwmon}/${file}`) : '';
  return files as unknown as AmdFiles; // every name of both lists was just set
}

const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
