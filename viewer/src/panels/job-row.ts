/** One job: how far it is, what it gave, and what can be done to it. */
import { html, LitElement, nothing, type PropertyValues, type SVGTemplateResult, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type JobInfo, type JobResult, type Phase, resultUrl } from "../api/jobs";
import { goToRegion } from "../app/boxes";
import { icons } from "../app/icons";
import { jobForms } from "../app/job-forms";
import { regionsOf } from "../app/job-regions";
import {
  askedWords,
  isActive,
  isHollow,
  isPackage,
  lineOf,
  mainResult,
  many,
  outcome,
  phaseWords,
  shareOf,
  titleOf,
  tookWords,
  whenWords,
} from "../app/job-words";
import { abortJob, deleteJob, type JobEntry, rerunJob, sameAgain, seeJob, selectJob, startJob } from "../app/jobs";
import { layerName } from "../app/layer-names";
import { bytesInWords, grouped } from "../app/numbers";
import { base, controls, section } from "../styles/shared";
import { jobRowStyles } from "./jobs-styles";

const ICONS: Record<Phase, SVGTemplateResult> = {
  PENDING: icons.hold,
  QUEUED: icons.clock,
  EXECUTING: icons.running,
  COMPLETED: icons.check,
  ERROR: icons.warn,
  ABORTED: icons.stop,
  ARCHIVED: icons.pack,
};
const FIRST_RESULTS = 5;
const MORE_RESULTS = 45;

function iconOf({ phase, info, told }: JobEntry): SVGTemplateResult {
  if (!told) return icons.hold;
  return phase === "COMPLETED" && info && isHollow(info.results) ? icons.hollow : (ICONS[phase] ?? icons.hold);
}

/** Asks for what is on the screen. */
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries)
    if (isIntersecting && target instanceof ArJobRow && target.job) seeJob(target.job.id);
});

/** Says `removed` once the job is deleted. */
@customElement("ar-job-row")
export class ArJobRow extends LitElement {
  static override styles = [base, controls, section, jobRowStyles];
  @property({ attribute: false }) job: JobEntry | null = null;
  @property({ type: Boolean, reflect: true }) on = false;
  @property({ type: Boolean }) busy = false;
  @property() fault = "";
  @state() private sure = false;
  @state() private shown = FIRST_RESULTS;
  private tick: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    watcher.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    watcher.unobserve(this);
    clearInterval(this.tick);
    this.tick = undefined;
  }

  override focus(): void {
    this.renderRoot.querySelector<HTMLElement>(".pick")?.focus();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("on") && !this.on) this.sure = false;
    // "took" counts while it runs and is looked at.
    const counts = this.on && this.job?.phase === "EXECUTING";
    if (counts) this.tick ??= setInterval(() => this.requestUpdate(), 1000);
    else {
      clearInterval(this.tick);
      this.tick = undefined;
    }
  }

  override render() {
    const { job } = this;
    if (!job) return nothing;
    const { word, tone, tip } = phaseWords(job.phase);
    const title = titleOf(job);
    const line = lineOf(job);
    const unread = !job.told;
    return html`<div class="line">
        <button class="pick" aria-expanded=${this.on} @click=${() => void this.pick(job)} @keydown=${this.keyed} title=${`${title} (Delete removes it)`}>
          <span class="phase ${unread ? "quiet" : tone} ${job.phase === "EXECUTING" ? "turns" : ""}" title=${unread ? "Asking the server" : tip}>${iconOf(job)}</span>
          <span class="words"><b>${title}</b>
            <small>${unread ? html`Asking…` : html`<span class="word ${tone}">${word}</span>`}${line ? ` · ${line}` : ""}</small></span>
        </button>
        ${this.quick(job, title)}
      </div>
      ${this.bar(job, title)}
      ${this.on ? this.body(job, title) : nothing}`;
  }

  /** The one thing that is most likely wanted. */
  private quick(job: JobEntry, title: string): TemplateResult | typeof nothing {
    const { info, phase } = job;
    if (!info) return nothing;
    if (isActive(phase))
      return html`<button class="icon-btn danger" ?disabled=${this.busy} aria-label=${`Stop ${title}`} title="Stop this job"
        @click=${() => void abortJob(job.id)}>${icons.stop}</button>`;
    if (phase === "PENDING")
      return html`<button class="icon-btn" ?disabled=${this.busy} aria-label=${`Start ${title}`} title="Start this job"
        @click=${() => void startJob(job.id)}>${icons.play}</button>`;
    const main = mainResult(info.results);
    if (main)
      return html`<a class="icon-btn" href=${resultUrl(job.id, main)} download=${main.name} aria-label=${`Download ${main.name}`}
        title=${`Download ${main.name}, ${bytesInWords(main.size)}`}>${icons.download}</a>`;
    return phase === "COMPLETED" ? nothing : this.againButton(job, title, true);
  }

  private againButton(job: JobEntry, title: string, small = false): TemplateResult {
    const tip = sameAgain(job) ? "Run the same once more, as a new job" : "Run it once more: choose the table again";
    const again = () => this.again(job);
    return small
      ? html`<button class="icon-btn" ?disabled=${this.busy} aria-label=${`Run ${title} again`} title=${tip} @click=${again}>${icons.again}</button>`
      : html`<button class="btn" ?disabled=${this.busy} title=${tip} @click=${again}>${icons.again}Run again</button>`;
  }

  private bar(job: JobEntry, title: string): TemplateResult {
    if (!isActive(job.phase)) return html`<div class="bar none"></div>`;
    const share = shareOf(job.info);
    const { done = 0, total = 0 } = job.info?.progress ?? {};
    const bar = (kind: string, inner: TemplateResult | typeof nothing) =>
      html`<div class="bar ${kind}" role="progressbar" aria-label=${`Progress of ${title}`} aria-valuemin=${share === null ? nothing : 0}
        aria-valuemax=${share === null ? nothing : total} aria-valuenow=${share === null ? nothing : done}>${inner}</div>`;
    if (job.phase !== "EXECUTING") return bar("", nothing);
    return share === null
      ? bar("unknown", html`<i></i>`)
      : bar("", html`<i .style=${`transform: scaleX(${Math.max(share, 0.01)})`}></i>`);
  }

  private body(job: JobEntry, title: string): TemplateResult {
    const { info } = job;
    const error = info?.error;
    return html`<div class="body">
      ${this.fault ? html`<div class="fault" role="alert">${icons.warn}<span>${this.fault}</span></div>` : nothing}
      ${
        error
          ? html`<div class="fault">${icons.warn}<span>${error.message}${error.type === "transient" && !/again/i.test(error.message) ? " It may succeed later: run it again." : ""}</span></div>`
          : nothing
      }
      ${info ? this.facts(info) : html`<p class="note">Asking the server…</p>`}
      ${info?.results.length ? this.results(job.id, info.results) : nothing}
      ${this.sure ? this.question(job, title) : this.tools(job, title)}
    </div>`;
  }

  private facts(info: JobInfo): TemplateResult {
    const lines: [string, string][] = [
      ...askedWords(info, layerName),
      ["Made", whenWords(info.created)],
      [info.phase === "EXECUTING" ? "Running for" : "Took", tookWords(info)],
      ["Kept until", whenWords(info.destruction)],
    ];
    return html`<dl>${lines.filter(([, text]) => text).map(([word, text]) => html`<dt>${word}</dt><dd>${text}</dd>`)}</dl>`;
  }

  private results(id: string, results: readonly JobResult[]): TemplateResult {
    const { files, package: found } = outcome(results);
    const rest = files.length - this.shown;
    return html`<ul aria-label="Results">
      ${files.slice(0, this.shown).map((result) => this.result(id, result))}
      ${
        rest > 0
          ? html`<li class="rest"><span>${found ? `and ${grouped(rest)} more in the package` : `and ${grouped(rest)} more`}</span>
              <button @click=${this.showMore}>Show ${grouped(Math.min(rest, MORE_RESULTS))}</button></li>`
          : nothing
      }
    </ul>`;
  }

  private result(id: string, result: JobResult): TemplateResult {
    const address = resultUrl(id, result);
    if (result.empty)
      return html`<li class="mute">${icons.hollow}<span class="grow" title=${result.name}>${result.name}</span>
        <a class="num" href=${address} target="_blank" rel="noopener" title="What the server says of it">empty</a></li>`;
    return html`<li>${isPackage(result) ? icons.pack : icons.file}<span class="grow" title=${result.name}>${result.name}</span>
      <span class="num">${bytesInWords(result.size)}</span>
      <a class="icon-btn" href=${address} download=${result.name} aria-label=${`Download ${result.name}`} title="Download">${icons.download}</a></li>`;
  }

  private tools(job: JobEntry, title: string): TemplateResult {
    const { info, phase } = job;
    const main = info && !isActive(phase) ? mainResult(info.results) : null;
    const places = regionsOf(info);
    return html`<div class="tools">
      ${
        main
          ? html`<a class="btn" href=${resultUrl(job.id, main)} download=${main.name}>${icons.download}<span class="grow">Download ${
              isPackage(main) ? `all, ${bytesInWords(main.size)}` : bytesInWords(main.size)
            }</span></a>`
          : nothing
      }
      ${isActive(phase) ? html`<button class="btn" ?disabled=${this.busy} @click=${() => void abortJob(job.id)}>${icons.stop}Stop</button>` : nothing}
      ${phase === "PENDING" && info ? html`<button class="btn" ?disabled=${this.busy} @click=${() => void startJob(job.id)}>${icons.play}Start</button>` : nothing}
      ${info && !isActive(phase) && phase !== "PENDING" ? this.againButton(job, title) : nothing}
      ${
        places.length === 1
          ? html`<button class="btn" title="Show this region on the map" @click=${() => void goToRegion(places[0])}>${icons.target}Go there</button>`
          : nothing
      }
      <button class="btn" ?disabled=${this.busy} @click=${this.ask}>${icons.trash}Delete</button>
    </div>`;
  }

  private question(job: JobEntry, title: string): TemplateResult {
    const { files } = outcome(job.info?.results ?? []);
    const what = files.length ? ` and its ${many(files.length, "result")}` : "";
    const stops = isActive(job.phase) ? " It is stopped first." : "";
    return html`<div class="sure" role="alertdialog" aria-label=${`Delete ${title}`} @keydown=${this.escaped}>
      <span>Delete this job${what} for good?${stops}</span>
      <div class="tools"><button class="btn danger" ?disabled=${this.busy} @click=${() => void this.deleted(job)}>${icons.trash}Delete</button>
        <button class="btn" @click=${this.keep}>Keep</button></div>
    </div>`;
  }

  private async pick(job: JobEntry): Promise<void> {
    selectJob(this.on ? null : job.id);
    await this.updateComplete;
    if (this.on) this.scrollIntoView({ block: "nearest" });
  }

  private readonly showMore = (): void => {
    this.shown += MORE_RESULTS;
  };

  private again(job: JobEntry): void {
    if (sameAgain(job)) void rerunJob(job);
    else jobForms.set({ open: "list" });
  }

  private readonly ask = async (): Promise<void> => {
    this.sure = true;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(".sure .danger")?.focus();
  };

  private readonly keep = (): void => {
    this.sure = false;
    this.focus();
  };

  private readonly escaped = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    this.keep();
  };

  private readonly keyed = (event: KeyboardEvent): void => {
    if (event.key !== "Delete" || !this.job) return;
    event.preventDefault();
    selectJob(this.job.id);
    void this.ask();
  };

  private async deleted(job: JobEntry): Promise<void> {
    const around = new CustomEvent("removed", { detail: job.id, bubbles: true, composed: true });
    const next = this.nextElementSibling ?? this.previousElementSibling;
    if (await deleteJob(job.id)) {
      if (next instanceof HTMLElement) next.focus();
      else document.body.focus();
      this.dispatchEvent(around);
    } else this.sure = false;
  }
}
