import { afterEach, expect, it, vi } from "vitest";

import { askForControl, controlRefusal, controlRight } from "~/live/control";

afterEach(() => { vi.unstubAllGlobals(); });

const granted = (): Response => new Response("{}");
const refused = (): Response => new Response(JSON.stringify({ detail: "no" }), { status: 401 });

it("takes the newest answer, whichever comes last", async () => {
  const answers: ((answer: Response) => void)[] = [];
  vi.stubGlobal("fetch", () => new Promise<Response>((answer) => { answers.push(answer); }));
  const asked = [askForControl(""), askForControl("good")];
  answers[1]?.(granted());
  await asked[1];
  answers[0]?.(refused());
  await asked[0];
  expect([controlRight(), controlRefusal()]).toEqual(["granted", null]);
});

it("says why it may not", async () => {
  vi.stubGlobal("fetch", async () => refused());
  await askForControl("bad");
  expect([controlRight(), controlRefusal()]).toEqual(["refused", "no"]);
});
