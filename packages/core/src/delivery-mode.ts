/** Whether a message survives its broker: Celery's delivery modes. */
export const deliveryModes = [1, 2, "transient", "persistent"] as const;
export type DeliveryMode = (typeof deliveryModes)[number];

/** As messages carry it: 1 = may be lost when the broker restarts, 2 = persistent. */
export function deliveryModeNumber(mode: DeliveryMode): 1 | 2 {
  return mode === 1 || mode === "transient" ? 1 : 2;
}
