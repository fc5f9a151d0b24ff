/** The page: top bar, rail, panels, map, readout. Panels dock beside the map, never over it. */
import { html, LitElement, nothing } from "lit";
import { customElement, query } from "lit/decorators.js";
import type { SkyMapApi } from "../map/types";
import "../panels/apertures-panel";
import "../panels/boxes-panel";
import "../panels/catalogs-panel";
import "../panels/display-panel";
import "../panels/header-panel";
import "../panels/jobs-panel";
import "../panels/layers-panel";
import "../panels/source-table";
import { catalogs } from "../catalogs/store";
import { base } from "../styles/shared";
import { account, logIn } from "./account";
import { isEmptySky } from "./catalogs";
import { commands } from "./commands";
import "./draw-hint";
import "./foot-bar";
import "./help-dialog";
import { icons } from "./icons";
import { commandOf } from "./keys";
import "./login-dialog";
import { followWindow, restorePanels } from "./panels";
import "./position-card";
import "./progress-line";
import "./side-rail";
import "./source-card";
import { sayFailure } from "./session";
import { start } from "./start";
import type { LeftPanel } from "./state";
import { Follow, FollowStore, store } from "./store-controller";
import { applyTheme, savedTheme } from "./theme";
import "./toast-list";
import "./top-bar";
import { appStyles } from "./app-styles";

const LEFT_WORDS: Record<LeftPanel, string> = {
  layers: "Layers",
  catalogs: "Catalogs",
  boxes: "Boxes",
  apertures: "Apertures",
  jobs: "Jobs",
  header: "FITS header",
};

@customElement("armillary-app")
export class ArmillaryApp extends LitElement {
  static override styles = [base, appStyles];
  /** Makes the map: set by the page before the element is connected. */
  static createMap: ((element: HTMLElement) => SkyMapApi) | null = null;

  @query("#map") private place!: HTMLElement;
  private readonly follow = new Follow(this, [
    "leftPanel",
    "leftOpen",
    "rightOpen",
    "fullScreen",
    "narrow",
    "sheet",
    "layerError",
    "holdings",
    "info",
    "layerBusy",
    "progress",
    "histogram",
    "compare",
  ]);
  private readonly followAccount = new FollowStore(this, account);
  private readonly followCatalogs = new FollowStore(this, catalogs, ["shown"]);
  private readonly keyed = (event: KeyboardEvent) => {
    const command = store.state.helpOpen && event.key !== "?" ? null : commandOf(event);
    if (!command) return;
    event.preventDefault();
    void commands[command]();
  };

  override connectedCallback(): void {
    super.connectedCallback();
    const theme = savedTheme();
    applyTheme(theme);
    store.set({ theme });
    restorePanels();
    followWindow();
    window.addEventListener("keydown", this.keyed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("keydown", this.keyed);
  }

  protected override firstUpdated(): void {
    if (ArmillaryApp.createMap) start(ArmillaryApp.createMap(this.place)).catch(sayFailure);
  }

  protected override willUpdate(): void {
    const { leftOpen, rightOpen, fullScreen, narrow, sheet, leftPanel } = store.state;
    this.toggleAttribute("narrow", narrow);
    this.toggleAttribute("full", fullScreen);
    this.toggleAttribute("left", !narrow && leftOpen && !fullScreen);
    this.toggleAttribute("right", !narrow && rightOpen && !fullScreen);
    this.toggleAttribute("wide-left", leftPanel === "header");
    this.toggleAttribute("sheet", narrow && sheet !== null && !fullScreen);
  }

  override render() {
    void [this.follow, this.followAccount, this.followCatalogs];
    const { leftPanel, narrow, sheet } = store.state;
    const left = narrow ? (sheet === "display" ? null : sheet) : leftPanel;
    const right = narrow ? sheet === "display" : true;
    return html`<ar-top-bar class="top" role="banner"></ar-top-bar>
      <ar-side-rail class="rail" role="toolbar" aria-label="Panels"></ar-side-rail>
      <aside class="left" aria-label=${left ? LEFT_WORDS[left] : "Layers"} ?hidden=${left === null}>
        <ar-layers-panel ?hidden=${left !== "layers"}></ar-layers-panel>
        <ar-catalogs-panel ?hidden=${left !== "catalogs"}></ar-catalogs-panel>
        <ar-boxes-panel ?hidden=${left !== "boxes"}></ar-boxes-panel>
        <ar-apertures-panel ?hidden=${left !== "apertures"}></ar-apertures-panel>
        <ar-jobs-panel ?hidden=${left !== "jobs"}></ar-jobs-panel>
        ${left === "header" ? html`<ar-header-panel></ar-header-panel>` : nothing}
      </aside>
      <main class="map">
        <div id="map" tabindex="0" role="application" aria-busy=${this.busy} aria-label="Map: arrows move, plus and minus zoom, 0 fits"></div>
        ${this.emptiness()}
        <ar-draw-hint></ar-draw-hint>
        <ar-progress-line></ar-progress-line>
        <ar-source-card></ar-source-card>
        <ar-position-card></ar-position-card>
        <ar-toasts></ar-toasts>
      </main>
      <ar-source-table class="table" role="region" aria-label="Table"></ar-source-table>
      <aside class="right" aria-label="Display" ?hidden=${!right}><ar-display-panel></ar-display-panel></aside>
      <ar-foot-bar class="foot" role="contentinfo"></ar-foot-bar>
      <ar-help-dialog></ar-help-dialog>
      <ar-login-dialog></ar-login-dialog>`;
  }

  /** Whether what is shown is not yet what was asked for. */
  private get busy(): boolean {
    const { layerBusy, info, progress, compare } = store.state;
    const loading = progress === null || progress.outdated || progress.loading > 0;
    return layerBusy || info === null || compare?.info === null || loading;
  }

  /** What the middle says while there is no map. */
  private emptiness() {
    const { layerError, info, holdings, holdingsError } = store.state;
    if (layerError)
      return html`<div class="empty" role="alert">${icons.warn}<h3>This layer does not open</h3><p>${layerError}</p>
        <p class="mute">${mayLogIn() ? "It may be one that is shown after logging in." : "Choose another one on the left."}</p>
        ${mayLogIn() ? html`<button class="enter" @click=${logIn}>Log in</button>` : nothing}</div>`;
    if (info) return hollow();
    if (holdingsError && !holdings)
      return html`<div class="empty" role="alert">${icons.warn}<h3>No answer</h3><p>${holdingsError}</p></div>`;
    if (holdings && !holdings.scanning && holdings.map_groups.length === 0 && mayLogIn())
      return html`<div class="empty">${icons.user}<h3>Nothing here is for everybody</h3>
        <p>Log in to see the maps that are shared with you.</p><button class="enter" @click=${logIn}>Log in</button></div>`;
    if (holdings && !holdings.scanning && holdings.map_groups.length === 0)
      return html`<div class="empty">${icons.layers}<h3>No image to show</h3>
        <p>None of the files given holds an image that can be opened.</p>
        <p class="mute">Start it with FITS files or a folder of them: <code>armillary open *.fits</code></p></div>`;
    return nothing;
  }
}

const mayLogIn = (): boolean => account.state.session?.user === null && account.state.session.login_url !== null;

/** An empty map says why: otherwise one looks for a mistake of one's own. */
function hollow() {
  const { data } = store.state.histogram;
  if (!data?.total || data.nan < data.total || catalogs.state.shown.length) return nothing;
  if (isEmptySky(store.state.info))
    return html`<p class="hollow" role="status">No image here: switch on a catalog at the left.</p>`;
  const which = data.exact || data.total === store.state.info?.shape.reduce((a, b) => a * b) ? "" : " that was sampled";
  return html`<p class="hollow" role="status">Every pixel${which} is NaN: there is nothing to show.</p>`;
}
