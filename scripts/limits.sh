# Sourced. On one's own machine everybody has one address, so five registrations an hour would be soon used up.
export ROOKERY_LIMITS__REGISTRATION_PER_HOUR="${ROOKERY_LIMITS__REGISTRATION_PER_HOUR:-10000}"
