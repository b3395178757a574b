// What the platform has and Debian's TypeScript does not know yet.
interface HTMLElement {
  popover: string | null;
  showPopover(): void;
  hidePopover(): void;
  togglePopover(): void;
  inert: boolean;
}
