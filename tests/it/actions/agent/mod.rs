mod set_status;
