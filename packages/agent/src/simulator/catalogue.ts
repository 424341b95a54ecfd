import { DAY, GIB, HOUR, MIB, MINUTE, TIB } from '@vacancy/shared/plain';

/** A card as its vendor sells it. */
export interface CardModel {
  readonly gpu_type: string;
  readonly memory: number;
  readonly idle_watts: number;
  readonly full_watts: number;
  readonly hottest: number;
}

const card = (gpu_type: string, memory_mib: number, idle_watts: number, full_watts: number, hottest: number): CardModel => ({
  gpu_type, memory: memory_mib * MIB, idle_watts, full_watts, hottest,
});

const TITAN_XP = card('TITAN Xp', 12_196, 10, 250, 84);
const RTX_3090 = card('NVIDIA GeForce RTX 3090', 24_576, 22, 350, 79);
const RTX_4090 = card('NVIDIA GeForce RTX 4090', 24_564, 18, 450, 72);
const A100_40 = card('NVIDIA A100-SXM4-40GB', 40_960, 48, 400, 66);
const A100_80 = card('NVIDIA A100 80GB PCIe', 81_920, 45, 300, 70);
const H200 = card('NVIDIA H200', 143_771, 76, 700, 63);

/** One kind of server; the first twelve servers of a fleet are one of each, so that a small fleet shows every case. */
export interface Profile {
  readonly name: string;
  readonly location: string;
  readonly cards: number;
  readonly model: CardModel | null;
  readonly cpu_model: string;
  readonly cpu_cores: number;
  readonly memory: number;
  readonly hdd: number;
  readonly os: string;
  readonly kernel: string;
  readonly cuda_version?: string;
  readonly driver_version?: string;
  /** How sought-after it is: 1 keeps most cards busy through a working day, 0.1 leaves them alone. */
  readonly demand: number;
  /** Days between two boots. */
  readonly boot_days: number;
  /**
   * A server that is away for this share of its days, from any hour on, instead of restarting for upkeep at five in the morning.
   * `phase` keeps two of them from being away together: in a small fleet one mostly is.
   */
  readonly flaky?: { readonly away: number; readonly phase: number };
  readonly disk: Disk;
  /** What its people do, where that differs from `MIX_WITH_CARDS`. */
  readonly mix?: Partial<Readonly<Record<Kind, number>>>;
}

/** How a server's disks fill: from share `clean` to share `full` in `days`, then somebody cleans up. */
export interface Disk {
  readonly days: number;
  readonly clean: number;
  readonly full: number;
  /** How much comes and goes meanwhile; 1 is a few percent of the disk. */
  readonly churn: number;
}

const disk = (days: number, clean: number, full: number, churn = 1): Disk => ({ days, clean, full, churn });

const XEON = 'Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz';
const EPYC = 'AMD EPYC 7763 64-Core Processor';
const old = { os: 'Ubuntu 20.04.6 LTS', kernel: '5.4.0-200-generic', cuda_version: '11.8', driver_version: '520.61.05' };
const current = { os: 'Ubuntu 22.04.5 LTS', kernel: '5.15.0-125-generic', cuda_version: '12.4', driver_version: '550.127.05' };
const newest = { os: 'Debian GNU/Linux 12', kernel: '6.1.0-27-amd64', cuda_version: '12.8', driver_version: '570.86.15' };

export const PROFILES: readonly Profile[] = [
  { name: '实验室一号/gpu01', location: 'B-204', cards: 4, model: TITAN_XP, cpu_model: XEON, cpu_cores: 32, memory: 110 * GIB, hdd: 7.6 * TIB, demand: 0.6, boot_days: 45, disk: disk(160, 0.45, 0.9), ...old },
  { name: '实验室二号/gpu02', location: 'B-204', cards: 4, model: TITAN_XP, cpu_model: XEON, cpu_cores: 32, memory: 110 * GIB, hdd: 7.6 * TIB, demand: 0.25, boot_days: 40, disk: disk(420, 0.3, 0.6), ...old },
  { name: '实验室三号/gpu03', location: 'B-206', cards: 8, model: RTX_3090, cpu_model: XEON, cpu_cores: 64, memory: 251 * GIB, hdd: 14.5 * TIB, demand: 0.9, boot_days: 30, disk: disk(75, 0.5, 0.93), ...current },
  { name: '视觉组 vision-3090', location: 'B-206', cards: 4, model: RTX_3090, cpu_model: XEON, cpu_cores: 48, memory: 188 * GIB, hdd: 7.2 * TIB, demand: 0.7, boot_days: 35, disk: disk(210, 0.4, 0.85), ...current },
  { name: 'speech-a', location: 'C-101', cards: 2, model: RTX_3090, cpu_model: 'Intel(R) Core(TM) i9-10940X CPU @ 3.30GHz', cpu_cores: 28, memory: 125 * GIB, hdd: 3.6 * TIB, demand: 0.5, boot_days: 4, flaky: { away: 0.3, phase: 0 }, disk: disk(90, 0.5, 0.9), ...current },
  { name: 'nlp-a100', location: '数据中心 R3-U12', cards: 8, model: A100_80, cpu_model: EPYC, cpu_cores: 128, memory: 1007 * GIB, hdd: 28 * TIB, demand: 1, boot_days: 45, disk: disk(32, 0.55, 0.97), ...newest },
  { name: '算力中心 A100-2', location: '数据中心 R3-U20', cards: 8, model: A100_80, cpu_model: EPYC, cpu_cores: 128, memory: 1007 * GIB, hdd: 28 * TIB, demand: 0.75, boot_days: 38, disk: disk(260, 0.35, 0.8), ...newest },
  { name: '旧集群 A100-40G', location: '数据中心 R2-U08', cards: 4, model: A100_40, cpu_model: EPYC, cpu_cores: 96, memory: 503 * GIB, hdd: 10.8 * TIB, demand: 0.45, boot_days: 28, disk: disk(600, 0.5, 0.75), ...current },
  { name: 'h200-01', location: '数据中心 R5-U04', cards: 8, model: H200, cpu_model: 'INTEL(R) XEON(R) PLATINUM 8558', cpu_cores: 192, memory: 2015 * GIB, hdd: 56 * TIB, demand: 0.85, boot_days: 42, disk: disk(130, 0.3, 0.85), mix: { pretraining: 1 }, ...newest },
  { name: '教学 teaching-4090', location: 'A-118', cards: 4, model: RTX_4090, cpu_model: 'AMD Ryzen Threadripper PRO 5975WX', cpu_cores: 64, memory: 251 * GIB, hdd: 7.3 * TIB, demand: 0.35, boot_days: 21, disk: disk(40, 0.955, 0.99, 0.2), ...newest },
  { name: '访客 guest-4090', location: 'A-118', cards: 2, model: RTX_4090, cpu_model: 'AMD Ryzen 9 7950X', cpu_cores: 32, memory: 125 * GIB, hdd: 3.6 * TIB, demand: 0.1, boot_days: 4, flaky: { away: 0.45, phase: 0.5 }, disk: disk(500, 0.2, 0.5), ...newest },
  { name: '数据预处理 etl01', location: '数据中心 R2-U30', cards: 0, model: null, cpu_model: EPYC, cpu_cores: 96, memory: 503 * GIB, hdd: 84 * TIB, demand: 0.8, boot_days: 33, disk: disk(45, 0.4, 0.85, 2), os: newest.os, kernel: newest.kernel },
];

export const USERS = [
  'alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy',
  'wangwei', 'liming', 'zhangsan', 'chenjie', 'liuyang', 'zhaolei', 'sunhao', 'xiaomei',
] as const;

export type Kind = 'training' | 'pretraining' | 'sweep' | 'notebook' | 'debug' | 'batch';

/** What a kind of work looks like from outside. Shares are 0–1, of the card's or the server's memory. */
export interface Work {
  /** Median length of one run, and its spread (see `Dice.lognormal`). */
  readonly length: number;
  readonly spread: number;
  /** Runs of one sitting: the next starts on the same cards after a gap. */
  readonly runs: readonly [number, number];
  /** Median gap between two runs: the card looks free, and isn't for long. */
  readonly gap: number;
  readonly cards: Readonly<Record<string, number>>;
  readonly card_memory: readonly [number, number];
  readonly utilization: readonly [number, number];
  /** Percent of the server's processor time per card (of the whole server for work without cards). */
  readonly cpu: readonly [number, number];
  readonly memory: readonly [number, number];
  readonly commands: readonly [string, ...string[]];
}

export const WORK: Readonly<Record<Kind, Work>> = {
  training: {
    length: 7 * HOUR, spread: 0.9, runs: [1, 3], gap: 25 * MINUTE, cards: { 1: 0.5, 2: 0.28, 4: 0.17, 8: 0.05 },
    card_memory: [0.5, 0.96], utilization: [82, 99], cpu: [2.5, 7], memory: [0.015, 0.06],
    commands: ['python train.py --config configs/base.yaml', 'torchrun --nproc_per_node=auto train.py', 'python -m trainer.main --resume auto', 'accelerate launch finetune.py'],
  },
  /** A whole server for days: nobody else finds a card there. */
  pretraining: {
    length: 4 * DAY, spread: 0.5, runs: [1, 2], gap: 40 * MINUTE, cards: { 8: 1 },
    card_memory: [0.925, 0.97], utilization: [90, 99], cpu: [2, 4], memory: [0.02, 0.05],
    commands: ['torchrun --nnodes=1 --nproc_per_node=8 pretrain.py --config 7b.yaml', 'deepspeed pretrain.py --deepspeed zero3.json'],
  },
  sweep: {
    length: 38 * MINUTE, spread: 0.6, runs: [5, 18], gap: 4 * MINUTE, cards: { 1: 0.8, 2: 0.2 },
    card_memory: [0.3, 0.8], utilization: [60, 95], cpu: [3, 8], memory: [0.01, 0.03],
    commands: ['python sweep.py --trial next', 'wandb agent lab/ablation', 'python run_fold.py'],
  },
  notebook: {
    length: 16 * HOUR, spread: 0.9, runs: [1, 1], gap: 10 * MINUTE, cards: { 1: 0.92, 2: 0.08 },
    card_memory: [0.14, 0.6], utilization: [0, 1], cpu: [0.2, 1.5], memory: [0.01, 0.05],
    commands: ['python -m ipykernel_launcher -f kernel.json', '/opt/conda/bin/python -m ipykernel_launcher'],
  },
  debug: {
    length: 14 * MINUTE, spread: 0.9, runs: [1, 6], gap: 7 * MINUTE, cards: { 1: 1 },
    card_memory: [0.05, 0.35], utilization: [15, 70], cpu: [1, 6], memory: [0.005, 0.02],
    commands: ['python debug.py', 'python eval.py --limit 100', 'python infer.py'],
  },
  batch: {
    length: 90 * MINUTE, spread: 1, runs: [1, 5], gap: 12 * MINUTE, cards: { 0: 1 },
    card_memory: [0, 0], utilization: [0, 0], cpu: [8, 38], memory: [0.05, 0.2],
    commands: ['spark-submit clean.py', 'ffmpeg -i input.mp4', 'python tokenize.py --workers 32'],
  },
};

export const MIX_WITH_CARDS: Partial<Readonly<Record<Kind, number>>> = { training: 0.36, sweep: 0.14, notebook: 0.22, debug: 0.28 };
