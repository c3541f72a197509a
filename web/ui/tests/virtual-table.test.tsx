import { createSignal } from "solid-js";
import { render } from "solid-js/web";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Column } from "~/list/columns";
import type { Sort } from "~/list/order";
import { VirtualTable, type TableControl } from "~/list/VirtualTable";
import { Keyed } from "~/live/keyed";

interface Price { readonly key: string; readonly price: number; readonly isOld?: boolean }

const HEIGHT = 260;
const ROW = 26;
let writes = 0;
let end = (): void => undefined;

const COLUMNS: Column<Price>[] = [
  { id: "key", title: "Key", meaning: "Key", width: 5, rank: 1, value: ({ key }) => key, cell: (line) => <b>{line.key()}</b> },
  {
    id: "price", title: "Price", meaning: "Last price", width: 5, rank: 1, align: "end", value: ({ price }) => price,
    cell: (line) => { const text = (): string => { writes += 1; return String(line.record()?.price); }; return <i>{text()}</i>; },
  },
  { id: "plain", title: "Plain", meaning: "Cannot be sorted", width: 5, rank: 1, cell: () => <u /> },
];

beforeEach(() => {
  vi.stubGlobal("ResizeObserver", class { observe(): void {} disconnect(): void {} });
  // jsdom lays nothing out: the list is ten rows high, and its head is one.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(HEIGHT + ROW);
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(ROW);
});
afterEach(() => {
  end();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

function show(count: number) {
  const records = new Keyed<Price>(), all = Array.from({ length: count }, (_, index) => `k${index}`);
  records.apply(all.map((key, price) => ({ key, price })));
  records.flush();
  const [keys, setKeys] = createSignal<readonly string[]>(all), [selected, setSelected] = createSignal<string>();
  const [sort, setSort] = createSignal<Sort | null>(null), opened: string[] = [];
  let control!: TableControl;
  const page = document.body.appendChild(document.createElement("div"));
  end = render(() => (
    <VirtualTable<Price>
      label="Prices" columns={COLUMNS} keys={keys()} record={(key) => records.get(key)} sort={sort()} selected={selected()} onSelect={setSelected}
      onSort={({ id }) => setSort({ column: id, descending: true })} onOpen={(key) => opened.push(key)} isStale={({ isOld }) => isOld === true}
      ref={(given) => { control = given; }}
    />
  ), page);
  const list = page.querySelector<HTMLElement>(".list")!;
  const scroll = (top: number): void => { list.scrollTop = top; list.dispatchEvent(new Event("scroll")); };
  const lines = (): HTMLElement[] => [...page.querySelectorAll<HTMLElement>(".list-body .list-row:not([hidden])")];
  const shown = (): string[] => lines().sort((a, b) => Number(a.ariaRowIndex ?? a.getAttribute("aria-rowindex")) - Number(b.getAttribute("aria-rowindex"))).map((line) => line.querySelector("b")!.textContent!);
  return { records, keys, setKeys, selected, opened, control: () => control, page, list, scroll, lines, shown };
}

describe("VirtualTable", () => {
  it("has elements for what can be seen only, and tells how much there is", () => {
    const { lines, shown, list } = show(3000);
    expect(lines()).toHaveLength(18);
    expect(shown()[0]).toBe("k0");
    expect(list.getAttribute("aria-rowcount")).toBe("3001");
    expect(list.querySelector<HTMLElement>(".list-body")!.style.height).toBe("78000px");
  });

  it("uses the lines again when it is scrolled", () => {
    const { lines, scroll, shown, page } = show(3000);
    scroll(100 * ROW);
    const before = new Set(page.querySelectorAll(".list-body .list-row"));
    expect(shown()[0]).toBe("k92");
    writes = 0;
    scroll(101 * ROW);
    expect(writes).toBe(1);
    expect(shown()[0]).toBe("k93");
    scroll(2000 * ROW);
    expect(lines().every((line) => before.has(line))).toBe(true);
    expect(shown()).toContain("k2000");
    expect(lines().find((line) => line.textContent!.startsWith("k2000"))!.style.transform).toBe("translateY(52000px)");
  });

  it("writes the cells of the record that changed, and of no other", () => {
    const { records, lines } = show(3000);
    writes = 0;
    records.apply([{ key: "k3", price: 77 }, { key: "k2500", price: 78 }]);
    records.flush();
    expect(writes).toBe(1);
    expect(lines()[3]!.querySelector("i")!.textContent).toBe("77");
  });

  it("greys what is stale", () => {
    const { records, lines } = show(5);
    records.apply([{ key: "k3", price: 3, isOld: true }]);
    records.flush();
    expect(lines().map((line) => line.classList.contains("stale"))).toEqual([false, false, false, true, false]);
  });

  it("follows a new order, and a list that became shorter", () => {
    const { setKeys, shown, keys } = show(3000);
    setKeys([...keys()].reverse());
    expect(shown()[0]).toBe("k2999");
    setKeys(["k7", "k5"]);
    expect(shown()).toEqual(["k7", "k5"]);
  });

  it("is moved by keys, and brings the row into sight", () => {
    const { control, selected, list, page, opened } = show(3000);
    expect([control().press("j"), selected(), document.activeElement === list]).toEqual([true, "k0", true]);
    control().press("G");
    expect([selected(), list.scrollTop]).toEqual(["k2999", 3000 * ROW - HEIGHT]);
    const active = document.getElementById(list.getAttribute("aria-activedescendant")!)!;
    expect([active.getAttribute("aria-selected"), active.getAttribute("aria-rowindex")]).toEqual(["true", "3001"]);
    expect(page.querySelectorAll('[aria-selected="true"]')).toHaveLength(1);
    control().press("Enter");
    expect(opened).toEqual(["k2999"]);
    expect(control().press("x")).toBe(false);
  });

  it("keeps the choice by its key when the order changes", () => {
    const { control, setKeys, keys, lines } = show(12);
    control().press("g");
    setKeys([...keys()].reverse());
    expect(lines().find((line) => line.getAttribute("aria-selected") === "true")!.querySelector("b")!.textContent).toBe("k0");
  });

  it("sorts by its heads, those that have values", () => {
    const { page } = show(5);
    const heads = [...page.querySelectorAll('[role="columnheader"]')];
    expect(heads.map((head) => head.getAttribute("aria-sort"))).toEqual(["none", "none", null]);
    heads[1]!.querySelector("button")!.click();
    expect(heads.map((head) => head.getAttribute("aria-sort"))).toEqual(["none", "descending", null]);
    expect(heads[2]!.querySelector("button")).toBeNull();
  });
});
