/** An order book as a curve: how much waits between the middle and any price. */

import type { Level } from "tickwell/book";

import { rowsOf, type Row } from "~/pages/terminal/book/ladder";

export interface Curve {
  readonly mid: number;
  /** How far from the middle either side is shown. */ readonly reach: number;
  readonly bids: readonly Row[];
  readonly asks: readonly Row[];
  readonly totalMax: number;
}

/** The curve as far as both sides are known; null while one side is empty. */
export function curveOf(bids: readonly Level[], asks: readonly Level[]): Curve | null {
  const bid = bids[0], ask = asks[0];
  if (!bid || !ask) return null;
  const mid = (bid.price + ask.price) / 2;
  const reach = Math.min(mid - bids.at(-1)!.price, asks.at(-1)!.price - mid);
  if (!(reach > 0)) return null;
  const sides = [bids, asks].map((levels) => rowsOf(levels, levels.length).filter(({ price }) => Math.abs(price - mid) <= reach));
  const totalMax = Math.max(...sides.map((rows) => rows.at(-1)?.total ?? 0));
  return { mid, reach, bids: sides[0]!, asks: sides[1]!, totalMax };
}

/** What waits between the middle and `price`, on the side where that is. */
export function totalAt(curve: Curve, price: number): number {
  const isBid = price < curve.mid;
  let total = 0;
  for (const row of isBid ? curve.bids : curve.asks) {
    if (isBid ? row.price < price : row.price > price) break;
    total = row.total;
  }
  return total;
}
