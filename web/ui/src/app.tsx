/** Which address shows which page. A page's code is fetched when it is first shown. */

import { Route, Router } from "@solidjs/router";
import { lazy, type JSX } from "solid-js";

import { Shell } from "~/shell/Shell";

const Market = lazy(() => import("~/pages/market/MarketPage"));
const Terminal = lazy(() => import("~/pages/terminal/TerminalPage"));
const Spreads = lazy(() => import("~/pages/spreads/SpreadsPage"));
const Liquidations = lazy(() => import("~/pages/liquidations/LiquidationsPage"));
const Funding = lazy(() => import("~/pages/funding/FundingPage"));
const Quality = lazy(() => import("~/pages/quality/QualityPage"));
const Alerts = lazy(() => import("~/pages/alerts/AlertsPage"));
const Missing = lazy(() => import("~/pages/MissingPage"));

export function App(): JSX.Element {
  return (
    <Router root={Shell}>
      <Route path={["/", "/market"]} component={Market} />
      <Route path="/terminal/:key" component={Terminal} />
      <Route path="/spreads" component={Spreads} />
      <Route path="/liquidations" component={Liquidations} />
      <Route path="/funding" component={Funding} />
      <Route path="/quality" component={Quality} />
      <Route path="/alerts" component={Alerts} />
      <Route path="*" component={Missing} />
    </Router>
  );
}
