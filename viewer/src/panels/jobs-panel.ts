/** The left panel: cutouts that the server makes in the background. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { account } from "../app/account";
import { icons } from "../app/icons";
import { jobForms } from "../app/job-forms";
import { isActive } from "../app/job-words";
import { type JobEntry, jobs, olderJobs, refreshJobs } from "../app/jobs";
import { grouped } from "../app/numbers";
import { isOpen } from "../app/panels";
import { Follow, FollowStore, store } from "../app/store-controller";
import { base, controls, section } from "../styles/shared";
import "./job-list-form";
import "./job-region-form";
import type { ArJobRow } from "./job-row";
import "./job-row";
import { regionStyles } from "./region-styles";

@customElement("ar-jobs-panel")
export class ArJobsPanel extends LitElement {
  static override styles = [
    base,
    controls,
    section,
    regionStyles,
    css`
      .aside { font-size: 12px; color: var(--mute); }
      .fault { margin: 0 16px 8px; }
      .fault button { border: 0; padding: 0; background: none; color: var(--accent); font: inherit; text-decoration: underline; }
      .list { padding-top: 2px; }
      .list .fault { margin: 0 8px 8px; }
      .empty { padding: 4px 8px 12px; }
      .empty p { margin: 0 0 8px; }
      ar-job-row + ar-job-row { margin-top: 1px; }
      ar-job-row { content-visibility: auto; contain-intrinsic-size: auto 47px; }
      ar-job-row[on] { content-visibility: visible; }
      ar-job-region-form, ar-job-list-form { margin: 0 0 10px; }
      .older { width: 100%; margin-top: 8px; }
    `,
  ];
  private readonly follow = [
    new FollowStore(this, jobs),
    new FollowStore(this, jobForms, ["open"]),
    new FollowStore(this, account, ["session"]),
    new Follow(this, ["info", "leftPanel", "leftOpen", "narrow", "sheet", "fullScreen"]),
  ];

  override render(): TemplateResult {
    void this.follow;
    const { list, known, more, trouble, fault } = jobs.state;
    // A form asks the server while the map moves: only where it is seen.
    const open = isOpen("jobs") ? jobForms.state.open : null;
    const running = list.filter(({ phase }) => isActive(phase)).length;
    return html`<div class="top"><h2>Jobs</h2><span class="aside" role="status">${running ? `${grouped(running)} running` : ""}</span></div>
      <div class="acts">
        <button class="btn ${open === "region" ? "on" : ""}" aria-expanded=${open === "region"} ?disabled=${!store.state.info}
          title="Cut out what is shown, a box or an aperture" @click=${() => toggle("region")}>${icons.boxes}Region</button>
        <button class="btn ${open === "list" ? "on" : ""}" aria-expanded=${open === "list"} ?disabled=${!store.state.info}
          title="Cut out the surroundings of every position of a table" @click=${() => toggle("list")}>${icons.table}List</button>
      </div>
      <div class="list scroll" @made=${this.made} @removed=${this.removed} @keydown=${this.keyed}>
        ${open === "region" ? html`<ar-job-region-form></ar-job-region-form>` : nothing}
        ${open === "list" ? html`<ar-job-list-form></ar-job-list-form>` : nothing}
        ${
          trouble
            ? html`<div class="fault" role="status">${icons.warn}<span>${ended(trouble)} What is running goes on; it is asked for again soon.</span></div>`
            : nothing
        }
        ${
          fault && !trouble
            ? html`<div class="fault" role="status">${icons.warn}<span>${fault} <button @click=${() => void refreshJobs()}>Try again</button></span></div>`
            : nothing
        }
        ${list.length === 0 && !fault ? this.hollow(known) : nothing}
        <div role="list" aria-label="Jobs">${repeat(
          list,
          ({ id }) => id,
          (job) => this.row(job),
        )}</div>
        ${more ? html`<button class="btn older" @click=${() => void olderJobs()}>Older jobs</button>` : nothing}
      </div>`;
  }

  private row(job: JobEntry): TemplateResult {
    const { selected, busy, faults } = jobs.state;
    return html`<ar-job-row role="listitem" .job=${job} ?on=${selected === job.id} ?busy=${busy.has(job.id)} .fault=${faults.get(job.id) ?? ""}></ar-job-row>`;
  }

  private hollow(known: boolean): TemplateResult | typeof nothing {
    if (!known) return html`<p class="empty">Asking the server…</p>`;
    if (jobForms.state.open) return nothing;
    const { session } = account.state;
    return html`<div class="empty">
      <p>No job yet.</p>
      <p><b>Region</b> cuts what the window shows out of one or more layers, <b>List</b> the surroundings of every position of a table. The server works on it while you go on.</p>
      ${session && !session.user && session.auth !== "token" ? html`<p>This browser remembers the jobs that you make here.</p>` : nothing}
    </div>`;
  }

  private readonly made = async (event: CustomEvent<string>): Promise<void> => {
    jobForms.set({ open: null, name: "" });
    await this.updateComplete;
    const row = [...this.renderRoot.querySelectorAll<ArJobRow>("ar-job-row")].find(
      ({ job }) => job?.id === event.detail,
    );
    await row?.updateComplete;
    row?.focus();
    row?.scrollIntoView({ block: "nearest" });
  };

  private readonly removed = (): void => {
    if (jobs.state.list.length === 0) this.renderRoot.querySelector<HTMLElement>(".acts .btn")?.focus();
  };

  /** Up and down go from job to job. */
  private readonly keyed = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const from = event.composedPath()[0];
    if (!step || !(from instanceof HTMLElement) || !from.classList.contains("pick")) return;
    const rows = [...this.renderRoot.querySelectorAll<ArJobRow>("ar-job-row")];
    const at = rows.findIndex((row) => event.composedPath().includes(row));
    event.preventDefault();
    rows[at + step]?.focus();
  };
}

const ended = (sentence: string): string => (/[.?!]$/.test(sentence) ? sentence : `${sentence}.`);

function toggle(which: "region" | "list"): void {
  jobForms.set({ open: jobForms.state.open === which ? null : which });
}
