"""The LCM messages of drake-iiwa-driver and drake-schunk-driver: our definitions, and what lcm-gen makes of them.

After a change: ``lcm-gen -p --ppath robot/lcm_types robot/lcm_types/*.lcm``. The types' hashes are those of Drake.
"""
