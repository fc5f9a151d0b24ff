/** Says that a login has ended and offers to renew it; the view stays, and is what one comes back to. */
import { css, html, LitElement } from "lit";
import { customElement, query } from "lit/decorators.js";
import { base, controls } from "../styles/shared";
import { account, logIn, stayOut } from "./account";
import { FollowStore } from "./store-controller";

@customElement("ar-login-dialog")
export class ArLoginDialog extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      dialog { width: min(400px, calc(100vw - 32px)); padding: 20px; border: 1px solid var(--line); border-radius: 12px; background: var(--panel);
        color: var(--text); box-shadow: 0 24px 64px var(--shadow); font: 13px/1.5 var(--font); }
      dialog::backdrop { background: rgb(0 0 0 / 45%); }
      h1 { font-size: 15px; margin: 0 0 8px; font-weight: 600; }
      p { margin: 0 0 16px; color: var(--mute); }
      .row { justify-content: flex-end; }
    `,
  ];
  @query("dialog") private dialog!: HTMLDialogElement;
  private readonly follow = new FollowStore(this, account, ["ended"]);

  override render() {
    void this.follow;
    const { ended } = account.state;
    return html`<dialog aria-labelledby="title" @cancel=${stayOut}>
      <h1 id="title">Your login has ended</h1>
      <p>${ended ? `${ended} is no longer logged in. ` : ""}Log in again and you come back to this view. What you drew is kept.</p>
      <div class="row">
        <button class="btn" @click=${stayOut}>Go on without</button>
        <button class="btn on" autofocus @click=${logIn}>Log in again</button>
      </div>
    </dialog>`;
  }

  protected override updated(): void {
    const { ended } = account.state;
    if (ended !== null && !this.dialog.open) this.dialog.showModal();
    else if (ended === null && this.dialog.open) this.dialog.close();
  }
}
