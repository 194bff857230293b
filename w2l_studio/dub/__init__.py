"""The job: plan, takes, work folder, wiring. The only package that joins the stages."""
