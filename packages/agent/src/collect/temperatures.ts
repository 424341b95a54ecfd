import { readFile, readdir } from 'node:fs/promises';
import type { Collector } from './collector.js';

export interface Temperature {
  readonly sensor: string;
  readonly temperature: number;
}

/** What hwmon says of one sensor: chip name, its own label or input name, and millidegrees. */
export function toTemperature(chip: string, label: string, millidegrees: string): Temperature | null {
  const temperature = Number.parseInt(millidegrees, 10) / 1_000;
  if (!Number.isFinite(temperature) || temperature < -273 || temperature > 1_000) return null;
  return { sensor: `${chip.trim()} ${label.trim()}`.slice(0, 64), temperature };
}

/** Cards' own sensors: their temperature comes with the card. */
const CARDS = new Set(['amdgpu', 'radeon', 'nouveau']);

/**
 * Every temperature sensor under /sys/class/hwmon but those of sleepers: asking wakes a card or disk that the kernel put to sleep, and keeps
 * an idle card from falling asleep. Some chips answer over slow buses: not more often than this, and off the main thread.
 */
export class TemperatureCollector implements Collector<Temperature[]> {
  readonly name = 'temperatures';
  readonly cadence_ms = 10_000;
  readonly #root: string;

  constructor(root = '/sys/class/hwmon') {
    this.#root = root;
  }

  async collect(signal: AbortSignal): Promise<Temperature[]> {
    const found: Temperature[] = [];
    for (const chip of await readdir(this.#root).catch(() => [])) {
      if (signal.aborted) break;
      found.push(...(await readChip(`${this.#root}/${chip}`)));
    }
    return found.slice(0, 64);
  }
}

async function readChip(dir: string): Promise<Temperature[]> {
  const chip = await text(`${dir}/name`);
  if (await mayNotBeAsked(dir, chip.trim())) return [];
  const inputs = (await readdir(dir).catch(() => [])).filter((file) => /^temp\d+_input$/.test(file)).sort();
  const found: Temperature[] = [];
  for (const input of inputs) {
    const label = await text(`${dir}/${input.replace('_input', '_label')}`);
    const temperature = toTemperature(chip, label || input.replace('_input', ''), await text(`${dir}/${input}`));
    if (temperature) found.push(temperature);
  }
  return found;
}

async function mayNotBeAsked(dir: string, chip: string): Promise<boolean> {
  if ((await text(`${dir}/device/power/runtime_status`)).trim() === 'suspended') return true;
  return CARDS.has(chip) && (await text(`${dir}/device/power/control`)).trim() === 'auto';
}

/** A sensor that is switched off answers with an error: it has no temperature. */
const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
