/** Every request ends in one of these; `sent` must equal what the upstream counted. */
export interface Tally {
  sent: number;
  answered: number;
  /** Answered, but not with the status and body it should have been. */
  wrong: number;
  broken: number;
}
