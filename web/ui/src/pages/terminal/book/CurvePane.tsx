/** The depth curve: what waits between the middle and any price, as a drawing and in words. */

import { createEffect, createMemo, createSignal, Show, type JSX } from "solid-js";

import { compact, fixed, price, signed } from "~/format/number";
import { curveOf, totalAt, type Curve } from "~/pages/terminal/book/curve";
import { followBook } from "~/pages/terminal/book/follow";
import { paintCurve, priceAt } from "~/pages/terminal/book/paint-curve";
import { coloursOf } from "~/pages/terminal/subject/colours";
import { observeSize } from "~/pages/terminal/subject/size";
import type { States } from "~/pages/terminal/subject/states";
import type { Subject } from "~/pages/terminal/subject/subject";
import { Trust } from "~/pages/terminal/subject/Trust";
import { isDark } from "~/shell/preferences";

const DEPTH = 200;

export function CurvePane(props: { subject: Subject; states: States }): JSX.Element {
  const { subject } = props;
  const followed = followBook(subject.key, DEPTH, () => null);
  const curve = createMemo(() => {
    const { book } = followed();
    return book ? curveOf(book.bids, book.asks) : null;
  });
  const [observe, size] = observeSize();
  const [pointer, setPointer] = createSignal<number | null>(null);
  let canvas!: HTMLCanvasElement;

  createEffect(() => {
    const { width, height } = size(), shown = curve(), at = pointer();
    isDark();
    if (width > 0 && height > 0) paint(canvas, width, height, (context) => {
      if (!shown) return;
      const colours = coloursOf(canvas, { bid: "--up", ask: "--down", line: "--muted", text: "--text", old: "--stale" });
      const sides = followed().isCurrent ? {} : { bid: colours.old, ask: colours.old };
      paintCurve(context, shown, { width, height }, { ...colours, ...sides }, at);
    });
  });

  const words = createMemo(() => {
    const shown = curve(), at = pointer();
    if (!shown) return "";
    if (at === null) return reachInWords(shown);
    const where = priceAt(shown, at, size().width);
    const distance = `${signed(100 * (where / shown.mid - 1), 3)} %`;
    return `${price(where, subject.tick_size)} (${distance}): ${compact(totalAt(shown, where))} ${subject.base ?? ""}`;
  });

  return (
    <section class="panel pane curve" aria-label="Depth curve">
      <header>
        <h2>Depth</h2>
        <Trust state={props.states("book")} />
        <span class="end muted" classList={{ stale: !followed().isCurrent }}>{words()}</span>
      </header>
      <div class="pane-body" ref={observe}>
        <Show when={followed().refusal}><p class="empty">{followed().refusal}</p></Show>
        <canvas
          ref={canvas} role="img" aria-label={`Depth of the book. ${words()}`}
          onPointerMove={(event) => setPointer(event.offsetX)} onPointerLeave={() => setPointer(null)}
        />
      </div>
    </section>
  );
}

function reachInWords({ reach, mid, bids, asks }: Curve): string {
  return `±${fixed((100 * reach) / mid, 3)} %: ${compact(bids.at(-1)?.total)} bid, ${compact(asks.at(-1)?.total)} asked`;
}

type Draw = (context: CanvasRenderingContext2D) => void;

/** Has `draw` paint in CSS pixels, as sharp as the screen is. */
function paint(canvas: HTMLCanvasElement, width: number, height: number, draw: Draw): void {
  const scale = window.devicePixelRatio || 1, context = canvas.getContext("2d");
  if (!context) return;
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  draw(context);
}
