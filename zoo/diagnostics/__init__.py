"""What people look at when they tune recurrent nets: weights of attention, gradients, states, gates, spectra."""
