/** Paints a depth curve on a canvas. */

import type { Curve } from "~/pages/terminal/book/curve";
import { totalAt } from "~/pages/terminal/book/curve";
import type { Size } from "~/pages/terminal/subject/size";

export interface Colours { readonly bid: string; readonly ask: string; readonly line: string; readonly text: string }

const PADDING_TOP = 6;

/** Where a price stands, from 0 at the left to `width`. */
export const xOf = (curve: Curve, price: number, width: number): number =>
  ((price - curve.mid + curve.reach) / (2 * curve.reach)) * width;

/** The price that stands at `x`. */
export const priceAt = (curve: Curve, x: number, width: number): number =>
  curve.mid - curve.reach + (2 * curve.reach * x) / width;

/** Paints the curve into a space of `width` × `height` CSS pixels; `pointer` is where it is read. */
export function paintCurve(
  context: CanvasRenderingContext2D, curve: Curve, { width, height }: Size, colours: Colours, pointer: number | null,
): void {
  const y = (total: number): number => height - (total / curve.totalMax) * (height - PADDING_TOP);
  context.clearRect(0, 0, width, height);
  for (const side of ["bid", "ask"] as const) {
    const rows = side === "bid" ? curve.bids : curve.asks, edge = side === "bid" ? 0 : width;
    if (rows.length === 0) continue;
    context.beginPath();
    context.moveTo(xOf(curve, rows[0]!.price, width), height);
    let before = height;
    for (const row of rows) {
      const x = xOf(curve, row.price, width);
      context.lineTo(x, before);
      before = y(row.total);
      context.lineTo(x, before);
    }
    context.lineTo(edge, before);
    context.strokeStyle = colours[side];
    context.lineWidth = 1.5;
    context.stroke();
    context.lineTo(edge, height);
    context.closePath();
    context.globalAlpha = 0.16;
    context.fillStyle = colours[side];
    context.fill();
    context.globalAlpha = 1;
  }
  if (pointer === null) return;
  const read = y(totalAt(curve, priceAt(curve, pointer, width)));
  paintPointer(context, { x: pointer, y: read }, height, colours);
}

function paintPointer(
  context: CanvasRenderingContext2D, { x, y }: { x: number; y: number }, height: number, colours: Colours,
): void {
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x, 0);
  context.lineTo(x, height);
  context.stroke();
  context.fillStyle = colours.text;
  context.beginPath();
  context.arc(x, y, 3, 0, 2 * Math.PI);
  context.fill();
}
