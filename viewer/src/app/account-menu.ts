/** At the end of the top bar: who is logged in, or the way in; nothing where there are no users. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { SessionInfo } from "../api/account";
import { base, controls, menu } from "../styles/shared";
import { account, logIn, logOut } from "./account";
import { icons } from "./icons";
import "./popover";
import { FollowStore } from "./store-controller";

@customElement("ar-account-menu")
export class ArAccountMenu extends LitElement {
  static override styles = [
    base,
    controls,
    menu,
    css`
      :host { display: inline-flex; flex: none; }
      .who { padding: 8px 10px 6px; max-width: 260px; }
      .who b { display: block; overflow: hidden; text-overflow: ellipsis; }
      .who small { color: var(--mute); }
      .face { display: inline-flex; align-items: center; gap: 6px; min-width: 0; }
      .face span { max-width: 12ch; overflow: hidden; text-overflow: ellipsis; }
      @media (max-width: 1359.98px) { .face span { display: none; } }
    `,
  ];
  @property({ type: Boolean }) compact = false;
  private readonly follow = new FollowStore(this, account);

  override render() {
    void this.follow;
    const { session } = account.state;
    if (session?.user) return this.menu(session, session.user);
    return session?.login_url ? this.entry() : nothing;
  }

  private entry(): TemplateResult {
    return html`<button class=${this.compact ? "icon-btn" : "btn"} aria-label="Log in" title="Log in to see what is not for everybody"
      @click=${logIn}>${icons.user}${this.compact ? nothing : "Log in"}</button>`;
  }

  private menu(session: SessionInfo, user: NonNullable<SessionInfo["user"]>): TemplateResult {
    return html`<ar-popover side="end" ?icon=${this.compact} label=${`Logged in as ${user.name}`}>
      <span slot="face" class="face">${icons.user}${this.compact ? nothing : html`<span>${user.name}</span>`}</span>
      <div class="menu" role="menu" aria-label="Account">
        <div class="who"><b>${user.name}</b><small>${user.administrator ? "Administrator" : "Logged in"}</small></div>
        ${session.logout ? html`<hr /><button class="item" data-item role="menuitem" @click=${() => void logOut()}>Log out</button>` : nothing}
      </div>
    </ar-popover>`;
  }
}
